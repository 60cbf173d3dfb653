"""Places text labels next to the points of a plot without overlaps."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

DIRECTIONS = (45, 135, -45, -135, 0, 180, 90, -90, 20, 160, -20, -160)
"""Angles in degrees; diagonals first, because the lines of a step plot run along the axes."""

DISTANCES = (6, 20, 38, 60, 85, 115, 150)
"""Distances from the circle, in points."""

Point = tuple[float, float, float, str, str]
"""x and y in data units, radius of the circle in points, text, color."""


def place(axes: "Axes", points: Sequence[Point]) -> None:
    """Write each point's text at the nearest free place, with a thin line to the point.

    A greedy search: places around a point are tried from near to far, and the first one inside the
    axes that covers nothing is taken; if there is none, the one that covers least.

    Args:
        axes: axes with everything else drawn, because their limits must not change afterwards.
        points: points to label.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    figure = axes.get_figure(root=True)
    assert figure is not None  # for the type checker: the axes belong to a figure
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    inside = axes.get_window_extent()
    centers = [axes.transData.transform((x, y)) for x, y, *_ in points]
    taken = []
    for (x, y), point in zip(centers, points, strict=True):
        half = 0.7 * point[2] * figure.dpi / 72  # the corners of the bounding box are free
        taken.append(Bbox.from_extents(x - half, y - half, x + half, y + half))
    for x, y, radius, text, color in points:
        note = axes.annotate(
            text,
            (x, y),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=8,
            color=color,
            arrowprops={"arrowstyle": "-", "color": color, "alpha": 0.5, "linewidth": 0.7},
        )
        note.set_in_layout(False)
        note.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        options = []
        for offset in _offsets(radius):
            _move(note, offset)
            note.update_positions(renderer)
            # Extent of the text; that of the annotation includes the line.
            box = Text.get_window_extent(note, renderer)
            options.append((_covered(box, taken, inside), offset, box))
            if options[-1][0] == 0:
                break
        _, offset, box = min(options, key=lambda option: option[0])
        _move(note, offset)
        taken.append(box)


def _offsets(radius: float) -> Iterator[tuple[float, float]]:
    for distance in DISTANCES:
        for degrees in DIRECTIONS:
            angle = np.radians(degrees)
            yield (radius + distance) * np.cos(angle), (radius + distance) * np.sin(angle)


def _move(note: "Annotation", offset: tuple[float, float]) -> None:
    """Place a text next to its point, anchored at the side that faces the point."""
    x, y = offset
    note.set_position(offset)
    note.set_horizontalalignment("left" if x > 1 else "right" if x < -1 else "center")
    note.set_verticalalignment("bottom" if y > abs(x) else "top" if y < -abs(x) else "center")


def _covered(box: "Bbox", taken: Sequence["Bbox"], inside: "Bbox") -> float:
    """Area of a text that overlaps other elements or lies outside the axes."""
    outside = box.width * box.height - _overlap(box, inside)
    return max(0.0, outside) + sum(_overlap(box, other) for other in taken)


def _overlap(a: "Bbox", b: "Bbox") -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0.0, width) * max(0.0, height)
