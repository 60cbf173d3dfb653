"""`fer-edge verify`: compares predictions across kernels and runtimes and with the parent."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from device.errors import CheckFailedError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.splits import EvaluationSplit

if TYPE_CHECKING:
    import numpy as np

    from quantization.verify.runtimes import Run, Verification

EXAMPLE = (
    "Example: fer-edge verify fer2013_int8.tflite --parent fer2013_float32.tflite "
    "--data fer2013.npz"
)

SYNTHETIC_PER_CLASS = 1000
MAX_CHANGED = 0.02
MAX_DIFFERENCE = 0.2
"""Default upper limit of the difference in probability between runs. Kernel families round
differently, which can change the prediction for ambiguous images. On PublicTest the shipped int8
files have 0.4 to 1.2 % changed predictions and differences of 0.04 to 0.09 between XNNPACK and the
reference kernels; a wrong kernel changes most predictions."""


def verify(
    model: Annotated[
        str, typer.Argument(help="Model file (.tflite) or zoo:NAME.", metavar="MODEL")
    ],
    parent: Annotated[
        Path | None, typer.Option(help="Float file (.tflite) that the model was converted from.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labeled faces: a .npz from `data prepare`; synthetic if omitted."),
    ] = None,
    split: Annotated[EvaluationSplit, typer.Option(help="Split of --data.")] = EvaluationSplit.val,
    n: Annotated[int, typer.Option("-n", min=1, help="Number of faces per run.")] = 1000,
    tflite_runtime: Annotated[
        Path | None,
        typer.Option(
            help="Python interpreter of an environment with tflite-runtime, to run it there too.",
            envvar="FER_EDGE_TFLITE_RUNTIME_PYTHON",
        ),
    ] = None,
    max_changed: Annotated[
        float,
        typer.Option(min=0, max=1, help="Fraction of predictions that may differ between runs."),
    ] = MAX_CHANGED,
    max_difference: Annotated[
        float,
        typer.Option(min=0, max=1, help="Largest allowed difference in probability between runs."),
    ] = MAX_DIFFERENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run a model with all kernels and runtimes, each in a separate process, and compare them.

    Exit code 1 if runs disagree or one crashes, 2 if the file is damaged, is not a fer-edge model,
    or differs from its digest in a SHA256SUMS file next to it.
    """
    from fer_edge import zoo
    from quantization.verify import runtimes
    from quantization.verify.agreement import Bound

    path = zoo.resolve(model)
    labels = _labels(path)
    if parent is not None:
        parent = zoo.resolve(parent)
        _labels(parent)
    images, classes = _faces(data, split if data else EvaluationSplit.test, labels)
    found = runtimes.verify(
        path,
        images,
        n=min(n, len(images)),
        parent=parent,
        classes=classes,
        pythons=(tflite_runtime,) if tflite_runtime else (),
        bound=Bound(disagreements=max_changed, difference=max_difference),
    )
    if as_json:
        print_json(_as_json(path, parent, data, split, found))
    else:
        _show(parent, data, split, found)
    problems = [run for run in found.runs if run.problem]
    if problems:
        raise CheckFailedError(f"{path}: {_place(problems[0])}: {problems[0].problem}")


def _labels(model: Path) -> tuple[str, ...]:
    """Read a model's labels; a damaged file is refused before any runtime loads it."""
    from device.model import content as model_content
    from device.model import graph

    content = model_content.read(model)
    labels = model_content.read_labels(content, model)
    graph.parse(content, model)
    return labels


def _faces(
    data: Path | None, split: str, labels: tuple[str, ...]
) -> tuple["np.ndarray", "np.ndarray | None"]:
    """Load faces in random order, with their classes in the model's labels if they have them."""
    from fer_edge.data import evaluation_faces

    faces = evaluation_faces.load(data, split, per_class=SYNTHETIC_PER_CLASS)
    faces = evaluation_faces.shuffle(faces)
    # Accuracy on synthetic faces does not apply to people.
    return faces.images, evaluation_faces.labels_of(faces, labels) if data else None


def _as_json(
    model: Path, parent: Path | None, data: Path | None, split: str, found: "Verification"
) -> dict[str, Any]:
    return {
        "ok": not any(run.problem for run in found.runs),
        "model": str(model),
        "parent": parent and str(parent),
        "data": data and str(data),
        "split": split if data else None,
        **asdict(found),
    }


def _show(parent: Path | None, data: Path | None, split: str, found: "Verification") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from device.system.terminal import verbatim

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("runtime", "kernels", "threads", "faces", "changed", "largest difference", ""):
        table.add_column(title, justify="left" if title in ("runtime", "kernels", "") else "right")
    for run in found.runs:
        table.add_row(*map(verbatim, _cells(run)))
    console = Console(highlight=False)
    console.print(table)
    where = f"{data}, {split}" if data else "synthetic faces"
    for line in (*_notes(found), f"faces: {where}", *_parent(parent, found)):
        console.print(verbatim(line), soft_wrap=True)


def _cells(run: "Run") -> list[str]:
    kernels = "XNNPACK" if run.delegated else {"xnnpack": "built-in"}.get(run.resolver)
    found = run.difference
    return [
        run.runtime,
        kernels or run.resolver,
        str(run.threads),
        f"{found.n:,}" if found else "-",
        f"{found.disagreements:,}" if found else "-",
        f"{found.max_difference:.4f}" if found else "-",
        "ok" if run.problem is None else run.problem,
    ]


def _place(run: "Run") -> str:
    threads = "1 thread" if run.threads == 1 else f"{run.threads} threads"
    return f"{run.runtime}, {run.resolver}, {threads}"


def _notes(found: "Verification") -> list[str]:
    notes = []
    if not any("tflite-runtime" in run.runtime for run in found.runs):
        notes.append(
            "tflite-runtime: not checked; give --tflite-runtime the Python of an environment that "
            "has it"
        )
    notes.append("card: belongs to this file" if found.has_card else "card: none next to the file")
    notes.append(
        f"digest: as in {found.digests}"
        if found.digests
        else "digest: no SHA256SUMS names the file"
    )
    return notes


def _parent(parent: Path | None, found: "Verification") -> list[str]:
    if found.parent is None:
        return ["parent: not compared; give the float file as --parent"]
    lines = [
        f"parent {parent}: {found.parent.disagreements:,} of {found.parent.n:,} predictions "
        f"differ, largest difference in probability {found.parent.max_difference:.4f}"
    ]
    if found.test is None or found.accuracy is None:
        return [*lines, "McNemar's test: not applicable, the faces lack labels of this model"]
    test, (theirs, ours) = found.test, found.accuracy
    return [
        *lines,
        f"accuracy on {found.labeled:,} labeled faces: parent {theirs:.2%}, model {ours:.2%}; "
        f"the parent alone is right on {test.only_first:,}, the model alone on "
        f"{test.only_second:,}; McNemar's test: p = {test.p_mid:.3g} (mid-p; exact "
        f"{test.p_exact:.3g})",
    ]
