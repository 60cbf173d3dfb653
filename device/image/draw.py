"""Draws faces and their expressions into an image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from device.face import Face
from device.geometry import Box
from device.image.label_placement import place

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT = 22  # pixels of a capital letter at font scale 1
_SMALLEST_TEXT = 6  # pixels of a capital letter
_BAR_WIDTH = 6  # heights of a letter
_BAR = (150, 150, 150)
_TEXT = (255, 255, 255)
_COLORS = (  # BGR; one color per face, to match labels with faces
    (80, 200, 80),
    (60, 180, 255),
    (255, 190, 60),
    (200, 120, 255),
    (90, 230, 230),
    (140, 140, 255),
)


@dataclass(frozen=True)
class _Style:
    """A way to label the faces of an image.

    Attributes:
        bars: whether the whole distribution is shown.
        scale: factor on the default text height.
        clearance: free margin around the boxes, as heads extend beyond them.
    """

    bars: bool
    scale: float
    clearance: float


_STYLES = (
    _Style(bars=True, scale=1, clearance=0.15),
    _Style(bars=True, scale=0.75, clearance=0.15),
    _Style(bars=True, scale=0.6, clearance=0.15),
    _Style(bars=True, scale=0.6, clearance=0),
    _Style(bars=False, scale=1, clearance=0.15),
    _Style(bars=False, scale=0.75, clearance=0.15),
    _Style(bars=False, scale=0.6, clearance=0.15),
    _Style(bars=False, scale=0.6, clearance=0),
)
"""The first style in which no label covers a face is used; else the last."""


def annotate(image: npt.NDArray[np.uint8], faces: Sequence[Face]) -> npt.NDArray[np.uint8]:
    """Draw each face's box with its distribution next to it, the most probable label highlighted.

    If there is too little room for the distributions, each face gets only its label and its
    probability.

    Args:
        image: uint8 [h, w] or [h, w, 3] BGR; not modified.
        faces: recognized faces of the image.

    Returns:
        A copy with the drawing, uint8 [h, w, 3].
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    draw_on(canvas, faces)
    return canvas


def draw_on(canvas: npt.NDArray[np.uint8], faces: Sequence[Face]) -> None:
    """Draw as `annotate` does, into the image itself, uint8 [h, w, 3].

    A tracked face gets the number and color of its track.
    """
    if not faces:
        return
    usual = max(_SMALLEST_TEXT, round(min(canvas.shape[:2]) / 40))
    colors = [_COLORS[(face.track or index) % len(_COLORS)] for index, face in enumerate(faces)]
    titles = [_title(face) for face in faces]
    style, places = _layout(canvas.shape[:2], faces, titles, usual)
    unit = _unit(style, usual)
    draw_label = _draw_bars if style.bars else _draw_line
    for face, color in zip(faces, colors, strict=True):
        x, y, w, h = face.box
        cv2.rectangle(canvas, (x, y), (x + w - 1, y + h - 1), color, max(1, usual // 5))
        if face.landmarks is not None:
            for mark in np.rint(face.landmarks).astype(int).tolist():
                cv2.circle(canvas, mark, max(1, w // 100), color, cv2.FILLED)
    for face, title, panel, color in zip(faces, titles, places, colors, strict=True):
        _dim(canvas, panel)
        draw_label(canvas, face, title, panel, color, unit)


def _title(face: Face) -> str:
    """Number of the track and hidden part, each if known, with a space at the end."""
    parts = [f"#{face.track}" if face.track else "", face.hidden_text]
    return "".join(f"{part} " for part in parts if part)


def _unit(style: _Style, usual: int) -> int:
    """Height of a line of text, in pixels."""
    return max(_SMALLEST_TEXT, round(style.scale * usual))


def _layout(
    shape: tuple[int, ...], faces: Sequence[Face], titles: Sequence[str], usual: int
) -> tuple[_Style, list[Box]]:
    """Choose how and where the faces are labeled."""
    boxes = [face.box for face in faces]
    for style in _STYLES:
        unit = _unit(style, usual)
        size: Callable[[Face, str, int], tuple[int, int]] = _bars_size if style.bars else _line_size
        places, covered = place(
            boxes,
            [size(face, title, unit) for face, title in zip(faces, titles, strict=True)],
            (shape[0], shape[1]),
            clearance=style.clearance,
            gap=max(1, usual // 5),
            beside=style.bars,
        )
        if not covered:
            break
    return style, places


def _bars_size(face: Face, title: str, unit: int) -> tuple[int, int]:
    labels = max(_text_width(label, unit) for label in face.labels)
    width = labels + _BAR_WIDTH * unit + _text_width("100%", unit) + 4 * unit
    rows = len(face.labels) + bool(title)
    return max(width, _text_width(title, unit) + 2 * unit), (2 * rows + 1) * unit


def _line_size(face: Face, title: str, unit: int) -> tuple[int, int]:
    return _text_width(_line(face, title), unit) + unit, 2 * unit


def _line(face: Face, title: str) -> str:
    return f"{title}{face.label} {face.confidence:.0%}"


def _draw_line(
    canvas: npt.NDArray[np.uint8],
    face: Face,
    title: str,
    panel: Box,
    color: tuple[int, int, int],
    unit: int,
) -> None:
    """Write label and probability."""
    base = panel.y + panel.h - unit // 2
    _write(canvas, _line(face, title), panel.x + unit // 2, base, unit, color)


def _draw_bars(
    canvas: npt.NDArray[np.uint8],
    face: Face,
    title: str,
    panel: Box,
    color: tuple[int, int, int],
    unit: int,
) -> None:
    """Draw labels, bars and percentages."""
    labels = max(_text_width(label, unit) for label in face.labels)
    bars = _BAR_WIDTH * unit
    base = panel.y + 2 * unit
    if title:
        _write(canvas, title, panel.x + unit, base, unit, color)
        base += 2 * unit
    for label, probability in face.distribution.items():
        left = panel.x + unit
        _write(canvas, label, left, base, unit, _TEXT)
        left += labels + unit
        end = left + round(bars * min(1.0, probability))
        filling = color if label == face.label else _BAR
        cv2.rectangle(canvas, (left, base - unit), (end, base), filling, cv2.FILLED)
        _write(canvas, f"{probability:.0%}", left + bars + unit, base, unit, _TEXT)
        base += 2 * unit


def _dim(canvas: npt.NDArray[np.uint8], panel: Box) -> None:
    under = canvas[max(0, panel.y) : panel.y + panel.h, max(0, panel.x) : panel.x + panel.w]
    under[:] = under // 3


def _write(
    canvas: npt.NDArray[np.uint8],
    text: str,
    left: int,
    base: int,
    unit: int,
    color: tuple[int, int, int],
) -> None:
    """Write a line of text; `base` is the row of its baseline, `unit` the height of its letters."""
    scale, thickness = unit / _FONT_HEIGHT, max(1, unit // 8)
    cv2.putText(canvas, text, (left, base), _FONT, scale, color, thickness, cv2.LINE_AA)


def _text_width(text: str, unit: int) -> int:
    return int(cv2.getTextSize(text, _FONT, unit / _FONT_HEIGHT, max(1, unit // 8))[0][0])
