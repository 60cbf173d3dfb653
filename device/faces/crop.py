"""From a picture to what a model sees: grey pixels, a square face of 48x48."""

import cv2
import numpy as np
import numpy.typing as npt

from device.faces.detector import Box
from device.model.classifier import FACE_SIZE

MARGIN = 0.0
"""Margin that makes a crop like FER2013's pictures.

On 327 of 400 random FER2013 pictures where the detector finds one face, its box has 0.97 times the
side of the picture (median; 0.91 to 1.03 in the middle half) and the picture's centre.
"""


def grey(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Make a picture grey, 8 bits deep (luma of ITU-R BT.601, as OpenCV computes it).

    Args:
        image: uint8 or uint16, [h, w], [h, w, 1], [h, w, 3] in the order blue, green, red, or
            [h, w, 4] with an alpha channel, which is ignored. uint16 spans 0..65535.

    Returns:
        uint8 [h, w]; the picture's own memory where it is grey and uint8 already.

    Raises:
        ValueError: another shape or dtype, or no pixels.
    """
    pixels, channels = _eight_bits(image)
    if channels == 1:
        return pixels.reshape(pixels.shape[:2])
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY)


def colour(image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Give a picture three channels of 8 bits.

    Args:
        image: as `grey` takes it.

    Returns:
        uint8 [h, w, 3] in the order blue, green, red; the picture's own memory where it is so
        already.

    Raises:
        ValueError: another shape or dtype, or no pixels.
    """
    pixels, channels = _eight_bits(image)
    if channels == 3:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR)


def _eight_bits(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
) -> tuple[npt.NDArray[np.uint8], int]:
    """Give the picture as uint8, and its number of channels."""
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a picture is uint8 or uint16, not {image.dtype}")
    if image.size == 0 or image.ndim not in (2, 3):
        raise ValueError(f"a picture is [h, w] or [h, w, 1, 3 or 4], not {list(image.shape)}")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"a picture has 1, 3 or 4 channels, not {channels}")
    deep = image.dtype == np.uint16
    return np.asarray(
        cv2.convertScaleAbs(image, alpha=255 / 65535) if deep else image, np.uint8
    ), channels


def crop_face(
    grey: npt.NDArray[np.uint8],
    box: Box,
    *,
    margin: float = MARGIN,
    size: int = FACE_SIZE,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Cut a square around a box and scale it to a model's input.

    The square shares the box's centre. Where it reaches over the picture's edge, the edge's pixels
    go on outwards, so that the face keeps its shape and place.

    Args:
        grey: uint8 [h, w].
        box: a face, in whole or in part inside the picture.
        margin: added on each side, as a fraction of the box's longer side; above -0.5.
        size: width and height of the result, in pixels.
        out: uint8 [size, size] to write the result into instead of a new array.

    Returns:
        uint8 [size, size]; `out` where it was given.

    Raises:
        ValueError: the box is empty or the margin leaves nothing of it.
    """
    longer = max(box.w, box.h)
    if min(box.w, box.h) < 1 or margin <= -0.5:
        raise ValueError(f"nothing to crop: {box} with margin {margin}")
    side = max(1, round(longer * (1 + 2 * margin)))
    left = round(box.x + (box.w - side) / 2)
    top = round(box.y + (box.h - side) / 2)
    height, width = grey.shape
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        square = grey[top : top + side, left : left + side]
    else:
        rows = np.clip(np.arange(top, top + side), 0, height - 1)
        columns = np.clip(np.arange(left, left + side), 0, width - 1)
        square = grey[np.ix_(rows, columns)]
    if out is None:
        out = np.empty((size, size), np.uint8)
    if side == size:
        out[:] = square
        return out
    way = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(square, (size, size), dst=out, interpolation=way)
