r"""Compares a net with coordinate attention and the same training without, for docs/attention.md.

    fer-edge bench RUN/export/*_int8.tflite CONTROL/export/*_int8.tflite zoo:nano \
        zoo:nano/ferplus_int8 --data fer2013.npz --count cortex-a53,cortex-a72,cortex-a76 \
        --no-timing --out runs/counts
    python -m fer_edge.release.figures.attention --data fer2013.npz --gated RUN --control CONTROL \
        --shipped nano --counts runs/counts/results.json

All on PublicTest, by the int8 files.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.metrics import accuracy
from benchmarks.results import file as results_file
from benchmarks.stats.bootstrap import paired_interval
from device.errors import InputError
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.data import evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.release.command import one_line
from quantization.tflite.card import sha256
from quantization.verify.mcnemar import mcnemar

HEADS = ("fer2013", "ferplus")


def measure(files: dict[str, Path], faces: Dataset, head: str, counts: Path) -> dict[str, Any]:
    """Measure the files of one label set, and the first against each other one.

    Args:
        files: int8 files by name, the gated one first.
        faces: labeled faces.
        head: label set of the files.
        counts: `results.json` with the counts of all files.
    """
    labels = evaluation_faces.labels_by_head(faces)[head]
    kept = labels >= 0
    found: dict[str, Any] = {}
    right = {}
    for name, path in files.items():
        classifier = Classifier(path)
        answers = accuracy.predict(classifier, faces.images[kept])
        right[name] = answers.argmax(axis=1) == labels[kept]
        metrics = accuracy.metrics(answers, labels[kept], list(classifier.labels))
        found[name] = {
            "accuracy": {key: metrics[key] for key in ("n", "top1", "top1_ci95", "macro_f1")},
            "bytes": path.stat().st_size,
            "counts": counted(counts, path),
        }
    gated, *others = right
    for name in others:
        difference = right[gated].astype(float) - right[name]
        found[name]["gated_minus_this"] = {
            "mean": float(difference.mean()),
            "ci95": paired_interval(difference),
            "mcnemar_p": mcnemar(right[gated], right[name]).p_mid,
        }
    return found


def counted(results: Path, path: Path) -> list[dict[str, Any]]:
    """Return the counted instructions of a file by core.

    Raises:
        InputError: the results have no counts of the file.
    """
    digest = sha256(path)
    for model in results_file.load(results)["models"]:
        if model["sha256"] == digest and model["counts"]:
            return [{key: one[key] for key in ("core", "instructions")} for one in model["counts"]]
    raise InputError(f"{results} has no counts of {path}: measure it with fer-edge bench --count")


def table(figures: dict[str, Any]) -> str:
    """Format the figures as a Markdown table."""
    lines = [
        "| int8 file | labels | top-1 (95 %) | macro-F1 | gated minus this (95 %) | p | kB | "
        "A53, A72, A76: M instructions |",
        "| --- " * 8 + "|",
    ]
    for head in HEADS:
        for name, one in figures[head].items():
            block, against = one["accuracy"], one.get("gated_minus_this")
            low, high = (100 * end for end in block["top1_ci95"])
            cells = [
                name,
                head,
                f"{100 * block['top1']:.2f} % [{low:.1f}, {high:.1f}]",
                f"{100 * block['macro_f1']:.1f}",
                _difference(against) if against else "",
                f"{against['mcnemar_p']:.2f}" if against else "",
                f"{one['bytes'] / 1000:.0f}",
                ", ".join(f"{count['instructions'] / 1e6:.2f}" for count in one["counts"]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _difference(found: dict[str, Any]) -> str:
    low, high = (100 * end for end in found["ci95"])
    return f"{100 * found['mean']:+.2f} ({low:+.2f} to {high:+.2f})"


def main(
    data: Annotated[Path, typer.Option(help="FER2013 with FER+ votes, prepared.")],
    gated: Annotated[Path, typer.Option(help="Folder of the run with attention.")],
    control: Annotated[Path, typer.Option(help="Folder of the same run without.")],
    shipped: Annotated[str, typer.Option(help="Model of the zoo that both started from.")],
    counts: Annotated[Path, typer.Option(help="results.json of bench --count of all files.")],
    out: Annotated[Path, typer.Option(help="JSON file of the figures.")] = Path(
        "docs/figures/attention.json"
    ),
) -> None:
    """Measure and write the figures."""
    with one_line("attention"):
        faces = evaluation_faces.load(data, "val")
        folders = {
            "attention": gated / "export",
            "the same training without": control / "export",
            f"`zoo:{shipped}`": zoo.find(shipped).folder,
        }
        figures: dict[str, Any] = {"data": faces.digest, "split": "val"}
        for head in HEADS:
            files = {name: folder / f"{head}_int8.tflite" for name, folder in folders.items()}
            figures[head] = measure(files, faces, head, counts)
        with replacing(out) as partial:
            partial.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        typer.echo(table(figures))


if __name__ == "__main__":
    typer.run(main)
