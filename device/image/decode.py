"""Pictures in memory: from the bytes of a file to pixels, of a bounded number."""

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.image import avif
from device.image.declared_size import declared_size
from device.system.opencv_log import suppress_opencv_log

MAX_PIXELS = 1 << 28
"""Largest picture that is decoded, 268 million pixels: 0.8 GB. Phones reach 200 million."""


def decode(content: bytes, *, gray: bool = False) -> npt.NDArray[np.uint8] | None:
    """Decode a picture of any depth and number of channels, turned upright as the file says.

    Args:
        content: the file.
        gray: whether to give luma (ITU-R BT.601) instead of colors.

    Returns:
        uint8 [h, w, 3] in the order blue, green, red, or [h, w] if gray; None where it is no
        picture that OpenCV reads, or is cut short.

    Raises:
        InputError: its header declares more than `MAX_PIXELS`; nothing is decoded then.
    """
    check_size(content)
    if not content:
        return None
    way = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR
    transforms = avif.transforms(content) if avif.is_avif(content) else None
    if transforms is not None:
        way |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with suppress_opencv_log():  # the caller names the picture, once
            image = cv2.imdecode(np.frombuffer(content, np.uint8), way)
    except cv2.error:  # for instance a side that OpenCV does not take
        return None
    return image if image is None or transforms is None else avif.turn(image, *transforms)


def check_size(content: bytes) -> None:
    """Raise InputError where a picture's header declares more than `MAX_PIXELS`."""
    size = declared_size(content)
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise InputError(
            f"is a picture of {size[0]:,} x {size[1]:,} pixels: up to {MAX_PIXELS:,} are read"
        )
