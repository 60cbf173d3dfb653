r"""Measures landmarks and what they add to a model that ships, for docs/landmarks.md.

    python -m fer_edge.release.figures.landmarks agreement --data fer2013.npz --other press.npz \
        --run runs/landmarks --drawn-only runs/landmarks-drawn/landmarks_int8.tflite
    python -m fer_edge.release.figures.landmarks alignment --data fer2013.npz --run runs/landmarks \
        --faces 1800
    python -m fer_edge.release.figures.landmarks geometry --data fer2013.npz --run runs/landmarks \
        --faces 10000
    python -m fer_edge.release.figures.landmarks instructions --data fer2013.npz \
        --run runs/landmarks

Each part is an entry of docs/figures/landmarks.json. `instructions` are those of the geometry's
net, and require `fer-edge fetch arm`.
"""

import json
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.counting import kit
from benchmarks.counting.cores import CORES
from benchmarks.counting.count import InstructionCounter
from device.errors import InputError
from device.faces.landmarks import LandmarkModel
from device.faces.yunet import YuNetDetector
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.cli.shared.landmarks import SHIPPED, resolve
from fer_edge.data import dataset, leaks
from fer_edge.modalities.landmarks import evaluate, faces, morphable, real
from fer_edge.modalities.landmarks.pipeline import DRAWN
from fer_edge.release.command import one_line
from fer_edge.release.figures import landmark_alignment, landmark_geometry

CLASSIFIER = "zoo:base"
NET = "geometry_int8.tflite"
FACES = 1500
"""Most faces of a set that are compared with YuNet."""


class Part(StrEnum):
    """What is measured."""

    agreement = "agreement"
    alignment = "alignment"
    geometry = "geometry"
    instructions = "instructions"


def agreement(
    sets: dict[str, Path], models: dict[str, Path], detector: YuNetDetector
) -> list[dict[str, Any]]:
    """Compare models with YuNet's five points on val of some sets."""
    entries = []
    for name, data in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            found = real.find(data, "val", FACES, detector, Path(folder) / "points.npz")
        entries += [
            {"set": name, "model": model, **evaluate.on_real(LandmarkModel(path), found)}
            for model, path in models.items()
        ]
    return entries


def alignment(data: Path, limit: int | None) -> list[dict[str, Any]]:
    """Measure the classifier on PublicTest with and without alignment."""
    whole = dataset.load(data, ["train", "val"])
    val, marks = whole.only("val"), LandmarkModel(resolve(SHIPPED))
    typical = np.mean([marks(image) for image in whole.only("train").images[:2000]], axis=0)
    classifier = Classifier(zoo.resolve(CLASSIFIER))
    chosen = np.random.default_rng(0).permutation(len(val))[:limit]
    images, labels = val.images[chosen], val.labels[chosen]
    found = landmark_alignment.alignment(images, labels, classifier, marks, typical)
    return list(found)


def geometry(data: Path, run: Path, limit: int | None) -> dict[str, Any]:
    """Train the geometry branch, whose net stays in the run's folder, and measure it."""
    kept = dataset.load(data).without(leaks.load_or_find(data).rows_to_drop_from_train)
    shape = morphable.learn(faces.read(run / DRAWN).frontal)
    marks, classifier = LandmarkModel(resolve(SHIPPED)), Classifier(zoo.resolve(CLASSIFIER))
    return landmark_geometry.fusion(kept, classifier, marks, shape, run / NET, limit)


def count(run: Path) -> list[Any]:
    """Count the instructions of the geometry's net on each core."""
    counter = InstructionCounter(kit.find())
    return [counter.model(run / NET, core) for core in CORES.values()]


def main(
    part: Annotated[Part, typer.Argument(help="What is measured.")],
    data: Annotated[Path, typer.Option(help="FER2013 (.npz of data prepare).")],
    run: Annotated[Path, typer.Option(help="Folder of fer-edge landmarks --real.")],
    other: Annotated[Path | None, typer.Option(help="Another set with a val split.")] = None,
    drawn_only: Annotated[Path | None, typer.Option(help="Model trained without --real.")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--faces", min=1, help="Random faces for alignment, or to train geometry."),
    ] = None,
    detector_model: Annotated[Path | None, typer.Option(help="YuNet model file.")] = None,
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/landmarks.json"
    ),
) -> None:
    """Measure one part and write its figures."""
    with one_line("landmarks"):
        if part is Part.agreement:
            if other is None or drawn_only is None:
                raise InputError("agreement needs --other and --drawn-only")
            models = {"shipped": resolve(SHIPPED), "drawn faces alone": drawn_only}
            sets = {data.stem: data, other.stem: other}
            found: Any = agreement(sets, models, YuNetDetector(detector_model))
        elif part is Part.alignment:
            found = alignment(data, limit)
            typer.echo(landmark_alignment.table(found))
        elif part is Part.instructions:
            found = count(run)
        else:
            from fer_edge.training.load_tensorflow import load_tensorflow

            load_tensorflow()
            found = geometry(data, run, limit)
        content = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        content |= {"data": dataset.read_digest(data), "classifier": CLASSIFIER, part.value: found}
        with replacing(out) as partial:
            partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
