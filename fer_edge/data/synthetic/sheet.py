"""The contact sheet: a few synthetic faces of every expression."""

from pathlib import Path

import cv2
import numpy as np

from device.errors import InputError
from device.labels import FER2013
from device.system.atomic_file import replacing
from fer_edge.data.synthetic.sample import face

TITLE = "Synthetic faces: accuracy on them does not apply to people"
BACKGROUND, INK = 255, 30
GAP = 4


def contact_sheet(path: str | Path, *, per_class: int = 8, size: int = 96, seed: int = 0) -> None:
    """Write a PNG with a row of faces for each expression, labeled and marked as synthetic.

    Args:
        path: PNG file to write; an existing one is replaced.
        per_class: number of faces in a row.
        size: side of a face in pixels, at least 24.
        seed: RNG seed; the faces are those of `generate` with this seed.

    Raises:
        InputError: a number is out of range, or the file cannot be written.
    """
    if per_class < 1:
        raise InputError(f"{per_class} faces per class: a contact sheet needs at least 1")
    margin, head = 92, 34
    sheet_width = max(margin + per_class * (size + GAP), 560)
    sheet = np.full((head + len(FER2013) * (size + GAP), sheet_width), BACKGROUND, np.uint8)
    _write(sheet, TITLE, (8, 22), 0.5)
    for row, expression in enumerate(FER2013):
        y = head + row * (size + GAP)
        _write(sheet, expression, (8, y + size // 2 + 5), 0.5)
        for column in range(per_class):
            x = margin + column * (size + GAP)
            drawn = face(expression, seed=seed, size=size, index=column)
            sheet[y : y + size, x : x + size] = drawn
    with replacing(Path(path)) as partial:
        partial.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())


def _write(sheet: np.ndarray, text: str, corner: tuple[int, int], scale: float) -> None:
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
