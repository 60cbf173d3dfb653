"""Converts an image to the model input: gray pixels, a square face of 48x48."""

import cv2
import numpy as np
import numpy.typing as npt

from device.geometry import FACE_SIZE, MARGIN, Box


def crop_face(
    gray: npt.NDArray[np.uint8],
    box: Box,
    *,
    margin: float = MARGIN,
    size: int = FACE_SIZE,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Crop a square around a box and scale it to the model's input.

    The square is centered on the box. Where it extends beyond the image, the border pixels are
    replicated, so that the face keeps its shape and position.

    Args:
        gray: image, uint8 [h, w].
        box: a face, at least partly inside the image.
        margin: margin on each side, as a fraction of the box's longer side; above -0.5.
        size: width and height of the result in pixels.
        out: uint8 [size, size] to write the result to, instead of a new array.

    Returns:
        The crop, uint8 [size, size]; `out` if given.

    Raises:
        ValueError: the box is empty, or nothing is left with this margin.
    """
    longer = max(box.w, box.h)
    if min(box.w, box.h) < 1 or margin <= -0.5:
        raise ValueError(f"nothing to crop: {box} with margin {margin}")
    side = max(1, round(longer * (1 + 2 * margin)))
    left = round(box.x + (box.w - side) / 2)
    top = round(box.y + (box.h - side) / 2)
    height, width = gray.shape
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        square = gray[top : top + side, left : left + side]
    else:
        rows = np.clip(np.arange(top, top + side), 0, height - 1)
        columns = np.clip(np.arange(left, left + side), 0, width - 1)
        square = gray[np.ix_(rows, columns)]
    if out is None:
        out = np.empty((size, size), np.uint8)
    if side == size:
        out[:] = square
        return out
    way = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(square, (size, size), dst=out, interpolation=way)
