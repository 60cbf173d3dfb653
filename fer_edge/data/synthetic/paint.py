"""Reflectance of the face: skin, eyes, brows, nostrils and mouth drawn on a canvas.

Everything is drawn antialiased with sub-pixel coordinates on uint8 canvases of tones 0..255; light
is added later (`relief.shade`). On a canvas with two channels the second one holds the coverage.
"""

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy
from fer_edge.data.synthetic.anatomy import MIRROR
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Person, Scene


def fill(canvas: np.ndarray, frame: Frame, points: np.ndarray, tone: float) -> None:
    """Fill a polygon given in head units."""
    cv2.fillPoly(canvas, [frame.pixels(points)], _color(tone), cv2.LINE_AA, frame.SHIFT)


def line(canvas: np.ndarray, frame: Frame, points: np.ndarray, tone: float, width: float) -> None:
    """Draw an open line, with its width in head units."""
    cv2.polylines(
        canvas,
        [frame.pixels(points)],
        False,
        _color(tone),
        frame.length(width),
        cv2.LINE_AA,
        frame.SHIFT,
    )


def oval(
    canvas: np.ndarray,
    frame: Frame,
    center: tuple[float, float],
    axes: tuple[float, float],
    tone: float,
    angle: float = 0.0,
) -> None:
    """Fill an ellipse; axes in head units, angle in degrees."""
    x, y = frame.pixels(np.array(center)).tolist()
    scale = frame.unit * (1 << frame.SHIFT)
    size = (round(axes[0] * scale), round(axes[1] * scale))
    color = _color(tone)
    cv2.ellipse(canvas, (x, y), size, angle, 0, 360, color, -1, cv2.LINE_AA, frame.SHIFT)


def eyes(canvas: np.ndarray, frame: Frame, person: Person, scene: Scene, au: list[float]) -> None:
    """Draw both eyes: the white, the visible part of the iris, lashes and lid folds."""
    white = min(person.skin * 0.45 + 130, 235)
    eye = anatomy.eye(person, au)
    opened = np.zeros_like(canvas)
    balls = np.full_like(canvas, int(white))
    contour = np.concatenate([eye.upper, eye.lower[::-1]])
    for side in ((1, 1), MIRROR):
        fill(opened, frame, contour * side, 255)
        x, y = eye.iris[0] * side[0] + scene.gaze, eye.iris[1]
        oval(balls, frame, (x, y), (eye.radius, eye.radius), person.iris)
        oval(balls, frame, (x, y), (eye.radius * 0.45, eye.radius * 0.45), 8)
        oval(balls, frame, (x - 0.035, y - 0.04), (0.022, 0.022), 250)
        # The shadow of the upper lid darkens the white.
        line(balls, frame, (eye.upper + np.array([0, 0.015])) * side, white * 0.62, 0.035)
    canvas[:] = cv2.blendLinear(
        balls, canvas, opened.astype(np.float32), (255 - opened).astype(np.float32)
    )
    for side in ((1, 1), MIRROR):
        line(canvas, frame, (eye.upper[2:-2] - (0, 0.055)) * side, person.skin * 0.72, 0.02)
        line(canvas, frame, eye.lower * side, person.skin * 0.6, 0.012)
        line(canvas, frame, eye.upper * side, min(person.skin * 0.3, 45), 0.035)


def brows(canvas: np.ndarray, frame: Frame, person: Person, au: list[float]) -> None:
    """Draw the brows in the tone of the hair, but never as light as the skin."""
    tone = min(person.hair * 0.9, person.skin * 0.55)
    area = anatomy.brow(person, au)
    fill(canvas, frame, area, tone)
    fill(canvas, frame, area * MIRROR, tone)


def nostrils(canvas: np.ndarray, frame: Frame, person: Person, au: list[float]) -> None:
    """Draw nostrils, the outlines of the wings and the shadow under the tip."""
    base, wide = anatomy.nose(person, au)
    wing = np.array([(0.86, -0.15), (1.06, -0.07), (1.04, 0.0), (0.85, 0.03)]) * (wide, 1)
    for sign in (-1, 1):
        oval(canvas, frame, (sign * wide * 0.5, base), (0.055, 0.03), person.skin * 0.3, sign * 20)
        line(canvas, frame, wing * (sign, 1) + (0, base), person.skin * 0.62, 0.025)
    under = np.array([(-0.4 * wide, base + 0.02), (0, base + 0.045), (0.4 * wide, base + 0.02)])
    line(canvas, frame, under, person.skin * 0.55, 0.025)


def mouth(canvas: np.ndarray, frame: Frame, person: Person, au: list[float]) -> None:
    """Draw the lips, and between them the dark interior, teeth and tongue."""
    part = anatomy.mouth(person, au)
    lips = person.skin * person.lip_tone
    fill(canvas, frame, _between(part.outer_upper, part.inner_upper), lips * 0.9)
    fill(canvas, frame, _between(part.inner_lower, part.outer_lower), lips * 1.05)
    if part.gap > 0.02:
        fill(canvas, frame, _between(part.inner_upper, part.inner_lower), 22)
        depth = part.inner_lower - part.inner_upper
        upper = np.minimum(depth, (0, part.upper_teeth))
        if part.gap > 0.2:
            x, y = part.inner_lower[8]
            oval(canvas, frame, (x, y - 0.03), (0.16, min(0.3 * part.gap, 0.1)), 88)
        if part.upper_teeth > 0.02:
            row = _between(part.inner_upper[2:-2], (part.inner_upper + upper)[2:-2])
            fill(canvas, frame, row, 222)
        if part.lower_teeth > 0.02:
            lower = np.minimum(depth - upper, (0, part.lower_teeth))
            row = _between(part.inner_lower[3:-3], (part.inner_lower - lower)[3:-3])
            fill(canvas, frame, row, 195)
        line(canvas, frame, part.inner_upper, lips * 0.5, 0.025)
    else:
        line(canvas, frame, part.inner_upper, person.skin * 0.28, 0.035)
    line(canvas, frame, part.outer_lower[4:-4] + np.array([0, 0.04]), person.skin * 0.84, 0.04)


def _between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second[::-1]])


def _color(tone: float) -> tuple[float, float]:
    return (min(max(tone, 0.0), 255.0), 255.0)
