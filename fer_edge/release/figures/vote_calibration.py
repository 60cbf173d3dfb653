"""Measures what the confidence of the ferplus files means, for the table of docs/eval.md.

    python -m fer_edge.release.figures.vote_calibration --data fer2013.npz

A confidence is compared with two things: whether the label is that of the majority, and which share
of FER+'s ten voters gave it. Faces without a majority are left out, as in every evaluation.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.errors import InputError
from device.labels import FERPLUS
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import dataset, evaluation_faces
from fer_edge.evaluation import calibration
from fer_edge.release.command import one_line

SPLITS = ("val", "test")
SHOWN = {"val": "PublicTest", "test": "PrivateTest"}


def measure(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], votes: NDArray[np.uint8]
) -> dict[str, float]:
    """Measure the calibration against majority and votes, as predicted and with a temperature.

    Args:
        probabilities: float32 [n, 8], n > 0.
        labels: class with the most votes, integers [n].
        votes: votes for the eight expressions, uint8 [n, 8].

    Returns:
        Mean confidence, top-1 and mean share of votes of the predicted label; the calibration
        errors; the temperature that fits the majority best, and the errors with it.
    """
    shares = votes / votes.sum(axis=1, keepdims=True)
    given = shares[np.arange(len(labels)), probabilities.argmax(axis=1)]
    confidence = probabilities.max(axis=1)
    temperature = calibration.fit_temperature(probabilities, labels)
    scaled = calibration.apply_temperature(probabilities, temperature)
    return {
        "confidence": float(confidence.mean()),
        "top1": float((probabilities.argmax(axis=1) == labels).mean()),
        "share_of_votes": float(given.mean()),
        "ece_majority": accuracy.calibration_error(probabilities, labels),
        "ece_votes": accuracy.confidence_error(confidence, given),
        "temperature": temperature,
        "ece_majority_scaled": accuracy.calibration_error(scaled, labels),
        "ece_votes_scaled": accuracy.confidence_error(scaled.max(axis=1), given),
    }


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of each ferplus int8 file of the zoo on both splits.

    Raises:
        InputError: the faces have no votes.
    """
    loaded = dataset.load(path, list(SPLITS))
    if not loaded.votes.any():
        raise InputError(f"{path} has no FER+ votes: prepare it with --ferplus")
    for split in SPLITS:
        faces = loaded.only(split)
        labels = evaluation_faces.labels_by_head(faces)["ferplus"]
        kept = labels >= 0
        for model in zoo.list_models():
            found = accuracy.predict(
                Classifier(model.folder / "ferplus_int8.tflite"), faces.images[kept]
            )
            yield {"file": f"zoo:{model.name}/ferplus_int8", "split": split} | measure(
                found, labels[kept], faces.votes[kept, : len(FERPLUS)]
            )


def table(found: list[dict[str, Any]]) -> str:
    """Format the figures as a Markdown table."""
    head = "| file | split | confidence | top-1 | votes | ECE, majority | ECE, votes | temp. |"
    lines = [head + " with it: majority | votes |", "| --- " * 10 + "|"]
    for one in found:
        means = [f"{100 * one[name]:.1f} %" for name in ("confidence", "top1", "share_of_votes")]
        names = ("ece_majority", "ece_votes", "temperature")
        errors = [f"{one[name]:.3f}" for name in (*names, *(f"{n}_scaled" for n in names[:2]))]
        lines.append(f"| {' | '.join([one['file'], SHOWN[one['split']], *means, *errors])} |")
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help="FER2013 prepared with FER+ votes.")],
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/vote-calibration.json"
    ),
) -> None:
    """Measure the shipped ferplus files."""
    with one_line("vote_calibration"):
        found = list(entries(data))
    with replacing(out) as partial:
        partial.write_text(json.dumps({"entries": found}, indent=1) + "\n", encoding="utf-8")
    typer.echo(table(found))


if __name__ == "__main__":
    typer.run(main)
