"""Plots accuracy against latency for README, from the first table of docs/results.md.

Run `python -m fer_edge.release.overview` after the table was measured again.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "results.md"
FIGURE = ROOT / "docs" / "images" / "overview.png"

_COLORS = {"int8": "#1f5fa8", "float32": "#5a86ad", "": "#c4571b"}
"""Color by precision; external models have no precision in their name."""


@dataclass(frozen=True)
class Row:
    """A file with FER2013's labels.

    Attributes:
        name: name in the table, without label set.
        precision: int8 or float32; empty for an external model.
        top1: top-1 on PrivateTest in percent.
        interval: 95 % interval of top-1 in percent.
        kilobytes: size of the file in kB.
        p50: p50 latency of one face in microseconds.
    """

    name: str
    precision: str
    top1: float
    interval: tuple[float, float]
    kilobytes: float
    p50: float


def rows(page: str) -> list[Row]:
    """Read the files with FER2013's labels from the first table of the page.

    Args:
        page: text of docs/results.md.
    """
    found = []
    for line in page.split("\n## ")[1].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 9 or not cells[0].startswith("`") or "ferplus" in cells[0]:
            continue
        top1, low, high = map(float, re.findall(r"[\d.]+", cells[2]))
        model, _, head = cells[0].strip("`").partition("/")
        external = not model.startswith("zoo:")
        found.append(
            Row(
                name=cells[0].split(",")[0].replace("`", "") if external else model,
                precision="" if external else head.removeprefix("fer2013_"),
                top1=top1,
                interval=(low, high),
                kilobytes=float(cells[5]),
                p50=float(cells[7]),
            )
        )
    return found


def draw(files: list[Row], path: Path) -> None:
    """Plot accuracy over latency with 95 % intervals; the area of a circle is the file size.

    Args:
        files: at least one file.
        path: output file, PNG or SVG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for each in files:
        _point(axes, each, max(file.kilobytes for file in files))
    axes.set_xscale("log")
    ticks = (100, 200, 400, 800, 1600)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.margins(x=0.2, y=0.1)
    axes.set_xlabel("p50 latency of one face, µs (lower is better)")
    axes.set_ylabel("top-1 on PrivateTest, % (higher is better)")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        "FER2013 labels, one thread of an AMD EPYC; bars: 95 %, area: file size",
        loc="left",
        fontsize=10,
    )
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _point(axes: "Axes", row: Row, largest: float) -> None:
    color = _COLORS[row.precision]
    low, high = row.interval
    axes.errorbar(
        row.p50, row.top1, yerr=[[row.top1 - low], [high - row.top1]], color=color, alpha=0.4
    )
    area = 1200 * row.kilobytes / largest
    axes.scatter(row.p50, row.top1, s=area, color=color, alpha=0.3, lw=0)
    axes.scatter(row.p50, row.top1, s=10, color=color)
    radius = math.sqrt(area / math.pi)
    axes.annotate(
        f"{row.name} {row.precision}\n{row.top1:.1f} %, {row.kilobytes:,.0f} kB",
        (row.p50, row.top1),
        (radius + 4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=color,
    )


if __name__ == "__main__":
    draw(rows(TABLE.read_text()), FIGURE)
