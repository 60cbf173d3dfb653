"""Adapts shipped models to known shifts and evaluates them, for the table of docs/adapt.md.

    python -m fer_edge.release.figures.adaptation --data fer2013.npz --other press.npz

Half of the faces of PublicTest, or of the other set's val split, is used without labels for
adaptation; the int8 files before and after are evaluated on the other half. All copies of an image,
and all images of a person if persons are known, are in the same half.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.stats.bootstrap import paired_interval
from device.model.classifier import Classifier
from device.system.atomic_file import replacing
from fer_edge.adaptation import adapt, parent, write
from fer_edge.data import duplicates, evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation import corruptions
from fer_edge.release.command import one_line
from fer_edge.training.load_tensorflow import load_tensorflow
from quantization.verify.mcnemar import mcnemar

SHIFTS: dict[str, tuple[str, int] | None] = {
    "noise 2": ("noise", 2),
    "low contrast 4": ("low_contrast", 4),
    "none": None,
}
"""Shifts applied to PublicTest: corruption and severity."""

OTHER = "press photos"


def halves(faces: Dataset, seed: int = 0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of two halves that share no person and no copy of an image."""
    if (faces.subjects != "").any():
        group = np.unique(faces.subjects, return_inverse=True)[1]
    else:
        group = duplicates.exact(faces.images)[0]
    first = np.random.default_rng(seed).random(int(group.max()) + 1) < 0.5
    return np.flatnonzero(first[group]), np.flatnonzero(~first[group])


def measure(
    name: str, fit: NDArray[np.uint8], scored: NDArray[np.uint8], labels: NDArray[np.integer]
) -> dict[str, Any]:
    """Adapt one model to some faces and evaluate it on others."""
    source = parent.find(name)
    found, quantized = adapt.adapt(
        source.model(),
        fit,
        head=source.head,
        labels=source.labels,
        normalization=source.normalization,
        calibration=parent.calibration(source),
    )
    before = accuracy.predict(Classifier(source.file), scored).argmax(axis=1)
    after = before
    if quantized is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{source.head}_int8.tflite"
            write.write(quantized, source, fit, path, adapted={}, decision={})
            after = accuracy.predict(Classifier(path), scored).argmax(axis=1)
    right, was_right = after == labels, before == labels
    share, trained = found.statistics.share, found.self_training
    return {
        "statistics": share,
        "confidence_gain": max(gain.mean for gain in found.statistics.tried.values()),
        "prior": found.prior is not None and found.prior.gain.kept,
        "likelihood_gain": found.prior and found.prior.gain.mean,
        "self_training": trained is not None and trained.kept,
        "faces": found.n,
        "n": len(labels),
        "before": float(was_right.mean()),
        "after": float(right.mean()),
        "difference_ci95": paired_interval(right.astype(float) - was_right),
        "p_mid": mcnemar(right, was_right).p_mid,
        "macro_recall_before": _recall(before, labels),
        "macro_recall_after": _recall(after, labels),
    }


def _recall(answers: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    return float(np.mean([(answers[labels == c] == c).mean() for c in np.unique(labels)]))


def shifts(own: Dataset, other: Dataset | None) -> Iterator[tuple[str, Dataset, Dataset]]:
    """Yield name, faces for adaptation and faces for evaluation of each shift."""
    if other is not None:
        fit, scored = halves(other)
        yield OTHER, other.take(fit), other.take(scored)
    fit, scored = halves(own)
    for name, corruption in SHIFTS.items():
        images = own.images
        if corruption is not None:
            images = corruptions.corrupt(images, *corruption)
        changed = replace(own, images=images)
        yield name, changed.take(fit), changed.take(scored)


def table(entries: list[dict[str, Any]]) -> str:
    """Format the figures as a Markdown table."""
    header = [
        "model",
        "shift",
        "faces",
        "new statistics",
        "prior",
        "self-training",
        "n",
        "before",
        "after",
    ]
    header += ["difference, 95 %", "macro recall"]
    lines = [f"| {' | '.join(header)} |", "| --- " * len(header) + "|"]
    for one in entries:
        low, high = (100 * value for value in one["difference_ci95"])
        difference = 100 * (one["after"] - one["before"])
        adapted = one["statistics"] is not None or one["prior"]
        cells = [one["model"], one["shift"], f"{one['faces']:,}"]
        mixed = f"{100 * (one['statistics'] or 0):.0f} %" if one["statistics"] else "as trained"
        cells += [mixed if adapted else "gave up"]
        cells += ["new" if one["prior"] else "", "kept" if one["self_training"] else ""]
        cells += [f"{one['n']:,}", f"{100 * one['before']:.2f} %", f"{100 * one['after']:.2f} %"]
        cells += [f"{difference:+.2f} ({low:+.2f} to {high:+.2f})" if adapted else ""]
        cells += [f"{100 * one[f'macro_recall_{at}']:.1f} %" for at in ("before", "after")]
        cells[-2:] = [f"{cells[-2]} to {cells[-1]}" if adapted else cells[-2]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help="FER2013 from `data prepare`.")],
    other: Annotated[Path | None, typer.Option(help="Another set with FER2013's labels.")] = None,
    models: Annotated[str, typer.Option(help="Models, as A,B.")] = "zoo:nano",
    faces: Annotated[int, typer.Option(help="Maximum number of faces to adapt to.")] = 4000,
    out: Annotated[Path, typer.Option(help="JSON file of figures; existing rows are kept.")] = Path(
        "docs/figures/adapt.json"
    ),
) -> None:
    """Measure every model under every shift; rows that exist in --out are skipped."""
    with one_line("adaptation"):
        load_tensorflow()
        own = evaluation_faces.load(data, "val")
        far = evaluation_faces.load(other, "val") if other else None
        entries = json.loads(out.read_text())["entries"] if out.exists() else []
        known = {(one["model"], one["shift"]) for one in entries}
        digests = {"data": own.digest, "other": far and far.digest}
        for shift, fit, scored in shifts(own, far):
            for model in models.split(","):
                if (model, shift) in known:
                    continue
                labeled = scored.labels >= 0
                entry = {"model": model, "shift": shift}
                entry |= measure(
                    model, fit.images[:faces], scored.images[labeled], scored.labels[labeled]
                )
                entries.append(entry)
                with replacing(out) as partial:
                    partial.write_text(json.dumps({**digests, "entries": entries}, indent=1) + "\n")
        typer.echo(table(entries))


if __name__ == "__main__":
    typer.run(main)
