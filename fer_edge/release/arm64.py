"""Compares results of `device` on Arm cores bit by bit with those on this machine.

    python -m fer_edge.release.arm64

runs every file of the zoo on synthetic faces, int8 files with and without their softmax: emulated
on each core with the features that XNNPACK detects (`fer-edge fetch arm`), and on this machine. On
an arm64 machine, `--against answers.npz` compares its results with a file that `--save answers.npz`
wrote on another machine, without emulation.
"""

import platform
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.counting import answers, cores, kit
from benchmarks.counting.answers import Answers, Questions
from benchmarks.probes import raw_model
from benchmarks.probes.operators import cut
from device.errors import CheckFailedError
from device.labels import FER2013
from device.model import content, graph
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import synthetic
from fer_edge.release.command import one_line

FACES = 4
"""Synthetic faces per expression; an equal number of noise images is added."""

PICTURES = 2
"""Synthetic portraits per expression, for face detection and cropping."""

FLOAT_TOLERANCE = 1e-5
"""Maximum difference in a float file's probabilities, because kernels sum in different orders."""

INT8_STEP = 1 / 256
"""Maximum difference in an int8 file's probabilities: LiteRT's int8 softmax uses another table on
Arm (16 bits) than on x86. The inputs of the softmax must be identical."""


def questions(models: list[Path], folder: Path) -> Questions:
    """Create the faces and images on which every model is run.

    Args:
        models: `.tflite` files; results are named after folder and file.
        folder: folder for the int8 files without softmax.
    """
    drawn = [
        synthetic.face(expression, seed=seed) for expression in FER2013 for seed in range(FACES)
    ]
    noise = np.random.default_rng(0).integers(0, 256, (len(drawn), 48, 48), dtype=np.uint8)
    pictures = [
        synthetic.portrait(expression, seed=seed)
        for expression in FER2013
        for seed in range(PICTURES)
    ]
    named = {f"{path.parent.name}-{path.name}": path for path in models}
    for name, path in list(named.items()):
        operators = graph.load(path).operators
        if "int8" in path.name and operators[-1].name == "SOFTMAX":
            part = folder / f"logits-{name}"
            part.write_bytes(cut(raw_model.schema(), content.read(path))[-2])
            named[part.name] = part
    return Questions(named, np.concatenate([np.stack(drawn), noise]), pictures)


def check(where: str, own: Answers, other: Answers) -> bool:
    """Print how results differ, and return whether they agree.

    Boxes, crops and the softmax inputs of int8 files must be identical; probabilities may differ by
    `FLOAT_TOLERANCE` or `INT8_STEP`.
    """
    agree = True
    for found in answers.compare(own, other):
        exact = found.name.startswith(("boxes", "crops", "logits"))
        tolerance = INT8_STEP if "int8" in found.name else FLOAT_TOLERANCE
        holds = found.largest <= (0 if exact else tolerance)
        agree &= holds
        classes = f", {found.other_classes} other classes" if found.other_classes else ""
        typer.echo(
            f"{where:<12}{found.name:<36}{found.differing} of {found.values} values differ, by at "
            f"most {found.largest:.3g}{classes}{'' if holds else ': FAILED'}"
        )
    return agree


def main(
    models: Annotated[
        list[Path] | None, typer.Argument(help=".tflite files.", show_default="all of the zoo")
    ] = None,
    core: Annotated[str, typer.Option(help="Cores to emulate, separated by commas.")] = ",".join(
        cores.CORES
    ),
    save: Annotated[Path | None, typer.Option(help="Write this machine's results.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Compare with these results instead of emulating.")
    ] = None,
) -> None:
    """Compare results of `device` on Arm cores with those on this machine."""
    with one_line("arm64"), tempfile.TemporaryDirectory(prefix="fer-edge-arm64-") as folder:
        chosen = models or [path for model in zoo.list_models() for path in model.files]
        asked = questions(chosen, Path(folder))
        own = answers.native(asked)
        if save is not None:
            with replacing(save) as partial:
                partial.write_bytes(answers.packed(own))
        if against is not None:
            agree = check(platform.machine(), own, answers.read(against))
        else:
            found = kit.find()
            agree = True
            for each in cores.parse(core):
                agree &= check(each.name, own, answers.emulated(found, each, asked))
        if not agree:
            raise CheckFailedError("results differ between the machines, see above")


if __name__ == "__main__":
    typer.run(main)
