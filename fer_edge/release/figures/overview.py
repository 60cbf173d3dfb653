"""Plots accuracy against latency of the int8 files, from the first table of docs/results.md.

For README: run `python -m fer_edge.release.figures.overview` after the table was measured again.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import zoo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "results.md"
FIGURE = ROOT / "docs" / "images" / "overview.png"

_OWN, _EXTERNAL = "#1f5fa8", "#c4571b"


@dataclass(frozen=True)
class Row:
    """An int8 file with FER2013's labels.

    Attributes:
        name: name in the table, without label set.
        external: whether the model is not one of the zoo.
        top1: top-1 on PrivateTest in percent.
        interval: 95 % interval of top-1 in percent.
        kilobytes: size of the file in kB.
        p50: p50 latency of one face in microseconds.
    """

    name: str
    external: bool
    top1: float
    interval: tuple[float, float]
    kilobytes: float
    p50: float


def rows(page: str) -> list[Row]:
    """Read the int8 files with FER2013's labels from the first table of the page.

    Args:
        page: text of docs/results.md.
    """
    found = []
    for line in page.split("\n## ")[1].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 9 or not cells[0].startswith("`"):
            continue
        top1, low, high = map(float, re.findall(r"[\d.]+", cells[3]))
        model, _, file = cells[0].strip("`").partition("/")
        external = not model.startswith("zoo:")
        if not external and file != "fer2013_int8":
            continue
        found.append(
            Row(
                name=cells[0].split(",")[0].replace("`", "") if external else model,
                external=external,
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
    ticks = (100, 200, 400)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.margins(x=0.3, y=0.1)
    axes.set_xlabel("p50 latency of one face, µs (lower is better)")
    axes.set_ylabel("top-1 on PrivateTest, % (higher is better)")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        "int8 files, FER2013's labels, one thread of an AMD EPYC; bars: 95 %, area: file size",
        loc="left",
        fontsize=10,
    )
    figure.savefig(path, dpi=150, metadata={"Software": None})


def _point(axes: "Axes", row: Row, largest: float) -> None:
    color = _EXTERNAL if row.external else _OWN
    low, high = row.interval
    axes.errorbar(
        row.p50, row.top1, yerr=[[row.top1 - low], [high - row.top1]], color=color, alpha=0.4
    )
    area = 1200 * row.kilobytes / largest
    axes.scatter(row.p50, row.top1, s=area, color=color, alpha=0.3, lw=0)
    axes.scatter(row.p50, row.top1, s=10, color=color)
    radius = math.sqrt(area / math.pi)
    pruned = row.name.endswith(zoo.PRUNED)  # to the left of its point, as its twin is to the right
    axes.annotate(
        f"{row.name}\n{row.top1:.1f} %, {row.kilobytes:,.0f} kB",
        (row.p50, row.top1),
        (-radius - 4 if pruned else radius + 4, 0),
        textcoords="offset points",
        ha="right" if pruned else "left",
        va="center",
        fontsize=8,
        color=color,
    )


if __name__ == "__main__":
    draw(rows(TABLE.read_text()), FIGURE)
