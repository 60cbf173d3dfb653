r"""Measures the figures of docs/paper.md: the recipe `paper` compared with the shipped models.

    python -m fer_edge.release.figures.paper runs/paper/export/fer2013_int8.tflite \
        runs/paper/train/history.csv --data fer2013.npz

All figures are on PublicTest; the recipe's model is also measured on training images and per epoch.
"""

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.metrics import accuracy
from device.errors import InputError
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import dataset, evaluation_faces, leaks
from fer_edge.data.dataset import Dataset
from fer_edge.release.command import one_line

TRAINED_ON = 3589
"""Number of training images for measuring the recipe's model, the size of PublicTest."""

LAST = 10
"""Number of final epochs whose mean represents training without selection."""


def measure(name: str, path: Path, faces: Dataset) -> dict[str, Any]:
    """Measure one file on labeled faces: top-1 with interval, macro-F1, F1 by class."""
    classifier = Classifier(path)
    labels = evaluation_faces.labels_of(faces, classifier.labels)
    if labels is None:
        raise InputError(f"--data: no labels for {path}: use FER2013 prepared with FER+ votes")
    figures = accuracy.metrics(
        accuracy.predict(classifier, faces.images), labels, list(classifier.labels)
    )
    return {
        "name": name,
        "labels": "FER+" if len(classifier.labels) == 8 else "FER2013",
        "n": figures["n"],
        "top1": figures["top1"],
        "top1_ci95": figures["top1_ci95"],
        "macro_f1": figures["macro_f1"],
        "f1": {one["label"]: one["f1"] for one in figures["classes"]},
    }


def selection(history: Path) -> dict[str, Any]:
    """Return top-1 on PublicTest of the best epoch, and the mean of the last epochs."""
    with history.open(newline="", encoding="utf-8") as stream:
        found = [float(row["val_top1_fer2013"]) for row in csv.DictReader(stream)]
    best = int(np.argmax(found))
    return {
        "epochs": len(found),
        "best_epoch": best + 1,
        "best": found[best],
        "mean_of_last": float(np.mean(found[-LAST:])),
    }


def tables(content: dict[str, Any]) -> str:
    """Format the figures as Markdown: top-1 and F1 by model, then F1 by class."""
    rows = [["model", "labels", "n", "top-1 (95 %)", "macro-F1", "F1 by class, lowest to highest"]]
    rows.append(["---"] * len(rows[0]))
    for one in content["models"]:
        low, high = (100 * value for value in one["top1_ci95"])
        f1 = sorted(one["f1"].values())
        rows.append(
            [
                one["name"],
                one["labels"],
                f"{one['n']:,}",
                f"{100 * one['top1']:.2f} % ({low:.1f} to {high:.1f})",
                f"{one['macro_f1']:.2f}",
                f"{f1[0]:.2f} to {f1[-1]:.2f}",
            ]
        )
    chosen, seen = content["selection"], content["paper_on_training_images"]
    other = [["paper's net measured on", "top-1"], ["---", "---"]]
    other.append(["PublicTest", f"{100 * content['models'][0]['top1']:.2f} %"])
    other.append(["as many images that it was trained on", f"{100 * seen['top1']:.2f} %"])
    other.append(
        [
            f"PublicTest, best of {chosen['epochs']} epochs (float32)",
            f"{100 * chosen['best']:.2f} %",
        ]
    )
    other.append(
        [f"PublicTest, mean of the last {LAST} epochs", f"{100 * chosen['mean_of_last']:.2f} %"]
    )
    return "\n\n".join(
        "\n".join(f"| {' | '.join(row)} |" for row in table) for table in (rows, other)
    )


def main(
    paper: Annotated[Path, typer.Argument(help="Exported .tflite of the recipe.")],
    history: Annotated[Path, typer.Argument(help="history.csv of its training.")],
    data: Annotated[Path, typer.Option(help="FER2013 prepared with FER+ votes.")],
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/paper.json"
    ),
) -> None:
    """Measure the recipe `paper` and the shipped models."""
    with one_line("paper"):
        loaded = dataset.load(data, ["train", "val"])
        train, val = loaded.only("train"), loaded.only("val")
        train = train.without(leaks.load_or_find(data).rows_to_drop_from_train)
        files = [("paper", paper)] + [
            (f"zoo:{model.name}/{head}_int8", model.folder / f"{head}_int8.tflite")
            for head in ("fer2013", "ferplus")
            for model in zoo.list_models()
        ]
        content = {
            "data": {"name": "fer2013", "digest": val.digest, "split": "val"},
            "models": [measure(name, path, val) for name, path in files],
            "paper_on_training_images": measure(
                "paper", paper, evaluation_faces.sample(train, TRAINED_ON)
            ),
            "selection": selection(history),
        }
    with replacing(out) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    typer.echo(tables(content))


if __name__ == "__main__":
    typer.run(main)
