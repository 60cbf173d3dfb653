"""Decodes images in memory, up to a maximum number of pixels."""

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.image import avif
from device.image.declared_size import declared_size
from device.system.opencv_log import suppress_opencv_log

MAX_PIXELS = 1 << 28
"""Maximum number of pixels that are decoded, 268 million or 0.8 GB. Phones reach 200 million."""


def decode(content: bytes, *, gray: bool = False) -> npt.NDArray[np.uint8] | None:
    """Decode an image of any depth and number of channels, rotated upright by its metadata.

    Args:
        content: content of the file.
        gray: whether to return luma (ITU-R BT.601) instead of colors.

    Returns:
        uint8 [h, w, 3] BGR, or [h, w] if gray; None if it is not an image that OpenCV reads, or is
        truncated.

    Raises:
        InputError: the header declares more than `MAX_PIXELS`; nothing is decoded then.
    """
    check_size(content)
    if not content:
        return None
    way = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR
    transforms = avif.transforms(content) if avif.is_avif(content) else None
    if transforms is not None:
        way |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with suppress_opencv_log():  # the caller reports the image, once
            image = cv2.imdecode(np.frombuffer(content, np.uint8), way)
    except cv2.error:  # for example a side length that OpenCV does not support
        return None
    return image if image is None or transforms is None else avif.turn(image, *transforms)


def check_size(content: bytes) -> None:
    """Raise InputError if an image's header declares more than `MAX_PIXELS`."""
    size = declared_size(content)
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise InputError(
            f"is an image of {size[0]:,} x {size[1]:,} pixels: at most {MAX_PIXELS:,} are supported"
        )
