"""Small line charts as SVG text, for a page without scripts."""

from collections.abc import Sequence
from html import escape

COLORS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#475569")

Line = Sequence[tuple[float, float]]
"""Points (x, y), both 0..1."""


def color(index: int) -> str:
    """The color of the model with an index."""
    return COLORS[index % len(COLORS)]


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    diagonal: bool = False,
    width: int = 250,
    height: int = 190,
) -> str:
    """Draw lines over the unit square, with a grid line at every quarter.

    Args:
        title: heading, also the chart's accessible name.
        lines: one line per model, in the order of `COLORS`.
        x_label: label of the horizontal axis.
        y_label: label of the vertical axis.
        diagonal: whether to draw y = x, which is perfect calibration.
        width: width in pixels.
        height: height in pixels.
    """
    left, top, right, bottom = 34, 24, width - 8, height - 30

    def at(point: tuple[float, float]) -> str:
        x = left + point[0] * (right - left)
        y = bottom - min(max(point[1], 0.0), 1.0) * (bottom - top)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {width} {height}">',
        f'<text x="{left}" y="14" class="title">{escape(title)}</text>',
    ]
    for quarter in range(5):
        value = quarter / 4
        start, end = at((0, value)).split(","), at((1, value)).split(",")
        parts.append(
            f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" class="grid"/>'
            f'<text x="{left - 4}" y="{float(start[1]) + 3:.1f}" class="end">{value:.0%}</text>'
        )
    if diagonal:
        parts.append(f'<polyline points="{at((0, 0))} {at((1, 1))}" class="diagonal"/>')
    for index, line in enumerate(lines):
        points = " ".join(at(point) for point in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color(index)}"/>')
        parts += [
            f'<circle cx="{x}" cy="{y}" r="2.2" fill="{color(index)}"/>'
            for x, y in (at(point).split(",") for point in line)
        ]
    middle = (left + right) / 2
    parts.append(f'<text x="{middle}" y="{height - 6}" class="mid">{escape(x_label)}</text>')
    parts.append(f'<text x="{right}" y="14" class="end">{escape(y_label)}</text></svg>')
    return "".join(parts)
