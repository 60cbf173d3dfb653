"""Writes the files of `data audit`: counts as JSON and PNG, lists of rows as CSV."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from device.system.atomic_file import replacing
from fer_edge.data.audit import Audit, Contradictions, summary, vote_matrix
from fer_edge.data.dataset import SPLITS, Dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {"train": "#1f5fa8", "val": "#c4571b", "test": "#3a7d44"}
SHOWN = 24
"""Maximum number of images, or pairs of images, on a sheet."""
DPI = 120


def write(dataset: Dataset, found: Audit, folder: Path) -> list[Path]:
    """Write the results of an audit.

    Args:
        dataset: audited data set.
        found: its audit.
        folder: output folder; files of an earlier audit there are replaced.

    Returns:
        Paths of the files: always `audit.json` and `counts.png`, others only if not empty.

    Raises:
        InputError: a file cannot be written, or matplotlib is missing.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise InputError("the audit draws with matplotlib: pip install 'fer-edge[plot]'") from None
    written = [_json(folder / "audit.json", summary(dataset, found))]
    written.append(_save(_counts(dataset), folder / "counts.png"))
    if found.twins.any():
        written.append(_save(_twins(found.twins), folder / "duplicates.png"))
    if found.leaks.found:
        written.append(_save(_leaked_pairs(dataset, found), folder / "leaked.png"))
    if len(found.conflicts):
        rows = ((row, dataset.names[row], _label(dataset, row)) for row in found.conflicts)
        written.append(_csv(folder / "conflicts.csv", ("row", "name", "label"), rows))
    if len(found.constant):
        rows = ((row, dataset.names[row], _label(dataset, row)) for row in found.constant)
        written.append(_csv(folder / "constant.csv", ("row", "name", "label"), rows))
    if found.contradictions is not None and len(found.contradictions.rows):
        against = found.contradictions
        lines = (
            (row, dataset.names[row], _label(dataset, row), FERPLUS[against.majority[row]])
            for row in against.rows
        )
        header = ("row", "name", "label", "majority_of_votes")
        written.append(_csv(folder / "contradictions.csv", header, lines))
        written.append(_save(_votes(dataset, against), folder / "votes.png"))
    return written


def _counts(dataset: Dataset) -> "Figure":
    figure, axes = _figure(8.0, 4.5)
    counts = dataset.counts()
    classes = list(counts["train"])
    width = 0.8 / len(SPLITS)
    for number, split in enumerate(SPLITS):
        places = np.arange(len(classes)) + (number - 1) * width
        bars = axes.bar(
            places, [counts[split][name] for name in classes], width, color=COLORS[split]
        )
        bars.set_label(f"{split} ({sum(counts[split].values()):,})")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_ylabel("images")
    drawn = ", synthetic faces" if dataset.synthetic else ""
    axes.set_title(f"Images by class and split{drawn}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _twins(twins: np.ndarray) -> "Figure":
    figure, axes = _figure(4.8, 4.2)
    _matrix(axes, twins, SPLITS, SPLITS)
    axes.set_title("Images that have a duplicate …")
    axes.set_xlabel("… in this split")
    axes.set_ylabel("images of this split")
    return figure


def _votes(dataset: Dataset, against: Contradictions) -> "Figure":
    figure, axes = _figure(7.0, 5.5)
    _matrix(axes, vote_matrix(dataset, against), FER2013, FERPLUS)
    axes.set_title("Labels and what most annotators saw")
    axes.set_xlabel("majority of the FER+ votes")
    axes.set_ylabel("FER2013 label")
    return figure


def _matrix(axes: "Axes", values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> None:
    axes.imshow(values, cmap="Blues", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value > values.max() / 2 else "black"
        axes.text(column, row, f"{value:,}", ha="center", va="center", color=ink)
    axes.set_xticks(range(len(columns)), columns, rotation=30 if len(columns) > 3 else 0)
    axes.set_yticks(range(len(rows)), rows)


def _leaked_pairs(dataset: Dataset, found: Audit) -> "Figure":
    """Some of the pairs, lowest correlation first, since these are the least certain."""
    pairs = sorted(
        (
            leak
            for leak in found.leaks.found
            if SPLITS.index(leak.split) > SPLITS.index(leak.twin_split)
        ),
        key=lambda leak: (leak.correlation, leak.row),
    )[:SHOWN]
    columns = 4
    figure, _ = _figure(11.0, 1.6 * -(-len(pairs) // columns) + 0.6, axes=False)
    at = {int(row): position for position, row in enumerate(dataset.rows)}
    grid = figure.subplots(-(-len(pairs) // columns), columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, leak in zip(grid, pairs, strict=False):
        two = [dataset.images[at[leak.row]], dataset.images[at[leak.twin_row]]]
        axes.imshow(np.hstack(two), cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{leak.split} {leak.row} | {leak.twin_split} {leak.twin_row}\n{leak.correlation:.5f}",
            fontsize=8,
        )
    figure.suptitle("Images in two splits, lowest correlation first (row numbers, correlation)")
    return figure


def _figure(width: float, height: float, *, axes: bool = True) -> "tuple[Figure, Any]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot() if axes else None


def _save(figure: "Figure", path: Path) -> Path:
    with replacing(path) as partial:
        figure.savefig(partial, dpi=DPI, format="png")
    return path


def _json(path: Path, content: dict[str, Any]) -> Path:
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def _csv(path: Path, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> Path:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
    return path


def _label(dataset: Dataset, row: int) -> str:
    return dataset.label_names[label] if (label := dataset.labels[row]) >= 0 else ""
