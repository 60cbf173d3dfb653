"""History of a training, one row per epoch, as CSV and as a plot."""

import csv
from pathlib import Path

from device.system.atomic_file import replacing


def load(path: Path) -> list[dict[str, float]]:
    """Read the rows of a history; return an empty list if the file does not exist."""
    if not path.is_file():
        return []
    with path.open(newline="") as handle:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(handle)]


def save(rows: list[dict[str, float]], path: Path) -> None:
    """Write the rows atomically."""
    with replacing(path) as partial, partial.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def best(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the row with the highest mean of the metrics on val, the first one in case of a tie.

    The metrics are top-1 of each head and mean recall on each additional source. Without a val
    split, the last row is returned.
    """
    scored = [sum(v for k, v in row.items() if k.startswith("val_")) for row in rows]
    if not any(k.startswith("val_") for k in rows[-1]):
        return rows[-1]
    return rows[scored.index(max(scored))]


def draw(rows: list[dict[str, float]], chosen: dict[str, float], path: Path, *, title: str) -> None:
    """Plot loss and metrics over the epochs as a PNG and mark the selected epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in rows]
    left.plot(epochs, [row["loss"] for row in rows])
    left.set(xlabel="epoch", ylabel="training loss")
    for key in [k for k in rows[-1] if k.startswith("val_")]:
        label = key.removeprefix("val_").removeprefix("top1_").replace("_", " ")
        right.plot(epochs, [100 * row[key] for row in rows], label=label)
    right.set(xlabel="epoch", ylabel="top-1 or mean recall on val, %")
    if right.lines:
        epoch = chosen["epoch"]
        right.axvline(epoch, color="gray", linestyle=":", label=f"kept: epoch {epoch:.0f}")
        right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120)
