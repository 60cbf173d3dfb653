"""Measures the effect of dividing out the training prior, for the tables of docs/faces.md.

    python -m fer_edge.release.figures.priors --data fer2013.npz --other press.npz

Both sets are evaluated on their val split. On the other set (another kind of photos with FER2013's
labels), the metric is the mean recall of angry, happy, sad, surprise and neutral, because its other
classes have too few images.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.labels import FER2013
from device.model import card
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import dataset, evaluation_faces, ferplus
from fer_edge.data.dataset import Dataset
from fer_edge.release.command import one_line

EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
FIVE = [FER2013.index(name) for name in ("angry", "happy", "sad", "surprise", "neutral")]


def measure(path: Path, head: str, own: Dataset, other: Dataset) -> Iterator[dict[str, Any]]:
    """Yield the figures of one file, one entry per exponent."""
    classifier = Classifier(path)
    labels = evaluation_faces.labels_by_head(own)[head]
    kept = labels >= 0
    here = accuracy.predict(classifier, own.images[kept])
    there = accuracy.predict(classifier, other.images)
    to_fer2013 = np.arange(7) if head == "fer2013" else ferplus.TO_FER2013[:8]
    for exponent in EXPONENTS:
        weights = (1 / card.prior(path, classifier.labels)) ** exponent
        answers, others = (here * weights).argmax(axis=1), (there * weights).argmax(axis=1)
        mapped = to_fer2013[others]
        five = _recalls(mapped, other.labels)
        yield {
            "exponent": exponent,
            "top1": float((answers == labels[kept]).mean()),
            "macro_recall": float(np.mean(list(_recalls(answers, labels[kept]).values()))),
            "other_top1": float((mapped == other.labels).mean()),
            "other_recalls": {FER2013[i]: five[i] for i in FIVE},
            "other_recall_of_five": float(np.mean([five[i] for i in FIVE])),
            "other_recall_of_neutral": five[FER2013.index("neutral")],
        }


def _recalls(answers: NDArray[np.integer], labels: NDArray[np.integer]) -> dict[int, float]:
    return {int(c): float((answers[labels == c] == c).mean()) for c in np.unique(labels)}


def table(entries: list[dict[str, Any]]) -> str:
    """Format the figures as a Markdown table, without those of the pruned files."""
    lines = ["| file | exponent | top-1 | macro recall | press, five | press, neutral |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for one in (one for one in entries if f"{zoo.PRUNED}/" not in one["file"]):
        figures = [f"{100 * one[name]:.2f} %" for name in ("top1", "macro_recall")]
        figures += [f"{100 * one[f'other_recall_of_{name}']:.1f} %" for name in ("five", "neutral")]
        lines.append(f"| {one['file']} | {one['exponent']:g} | {' | '.join(figures)} |")
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help="FER2013 prepared with FER+ votes.")],
    other: Annotated[Path, typer.Option(help="Another set with FER2013's labels.")],
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/priors.json"
    ),
) -> None:
    """Measure the shipped int8 files."""
    with one_line("priors"):
        own, far = (dataset.load(path, ["val"]).only("val") for path in (data, other))
        entries = [
            {"file": f"zoo:{model.name}/{path.stem}"} | figures
            for head in ("fer2013", "ferplus")
            for model in zoo.list_models()
            for path in model.files
            if path.stem.endswith("_int8") and model.card["files"][path.stem]["head"] == head
            for figures in measure(path, head, own, far)
        ]
    content = {
        "data": {"name": "fer2013", "digest": own.digest, "split": "val", "n": len(own)},
        "other": {"digest": far.digest, "split": "val", "n": len(far)},
        "entries": entries,
    }
    with replacing(out) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    typer.echo(table(entries))


if __name__ == "__main__":
    typer.run(main)
