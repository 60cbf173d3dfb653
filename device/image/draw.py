"""Faces and their expressions, drawn into a picture."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from device.face import Face
from device.geometry import Box

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT = 22  # pixels of a capital letter at font scale 1
_ACCENT = (80, 200, 80)  # blue, green, red
_BAR = (150, 150, 150)
_TEXT = (255, 255, 255)


def annotate(image: npt.NDArray[np.uint8], faces: Sequence[Face]) -> npt.NDArray[np.uint8]:
    """Draw each face's box and the bars of its distribution, the likeliest label highlighted.

    Args:
        image: uint8 [h, w] or [h, w, 3] in the order blue, green, red; it stays as it is.
        faces: what was recognized in it.

    Returns:
        uint8 [h, w, 3], a copy with the drawing.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    draw_on(canvas, faces)
    return canvas


def draw_on(canvas: npt.NDArray[np.uint8], faces: Sequence[Face]) -> None:
    """Draw as `annotate` does, into the picture itself, uint8 [h, w, 3]."""
    unit = text_height(canvas)
    for face in faces:
        x, y, w, h = face.box
        cv2.rectangle(canvas, (x, y), (x + w - 1, y + h - 1), _ACCENT, max(1, unit // 5))
        _draw_bars(canvas, face, unit)


def text_height(canvas: npt.NDArray[np.uint8]) -> int:
    """Give the height of a line of text that suits a picture, in pixels."""
    return max(1, round(min(canvas.shape[:2]) / 40))


def write(canvas: npt.NDArray[np.uint8], text: str, left: int, base: int, unit: int) -> None:
    """Write a line of text; `base` is the row that its letters stand on, `unit` their height."""
    scale, thickness = unit / _FONT_HEIGHT, max(1, unit // 8)
    cv2.putText(canvas, text, (left, base), _FONT, scale, _TEXT, thickness, cv2.LINE_AA)


def _draw_bars(canvas: npt.NDArray[np.uint8], face: Face, unit: int) -> None:
    """Draw the panel of labels, bars and percentages beside the face, dimming what is under it."""
    rows = len(face.labels)
    labels = max(_text_width(label, unit) for label in face.labels)
    figures, bars = _text_width("100%", unit), 6 * unit
    panel = Box(
        *_place(canvas, face.box, labels + bars + figures + 4 * unit, (2 * rows + 1) * unit)
    )
    under = canvas[panel.y : panel.y + panel.h, panel.x : panel.x + panel.w]
    under[:] = under // 3
    for row, (label, probability) in enumerate(face.distribution.items()):
        color = _ACCENT if label == face.label else _BAR
        base = panel.y + (2 * row + 2) * unit
        left = panel.x + unit
        write(canvas, label, left, base, unit)
        left += labels + unit
        end = left + round(bars * min(1.0, probability))
        cv2.rectangle(canvas, (left, base - unit), (end, base), color, cv2.FILLED)
        write(canvas, f"{probability:.0%}", left + bars + unit, base, unit)


def _place(
    canvas: npt.NDArray[np.uint8], box: Box, width: int, height: int
) -> tuple[int, int, int, int]:
    """Put a panel right of the box, else left of it, else at the picture's edge over it."""
    canvas_height, canvas_width = canvas.shape[:2]
    if box.x + box.w + width <= canvas_width:
        left = box.x + box.w
    elif box.x >= width:
        left = box.x - width
    else:
        left = max(0, canvas_width - width)
    top = min(max(0, box.y), max(0, canvas_height - height))
    return left, top, width, height


def _text_width(text: str, unit: int) -> int:
    return int(cv2.getTextSize(text, _FONT, unit / _FONT_HEIGHT, max(1, unit // 8))[0][0])
