"""Reads and writes image files."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.image.decode import decode
from device.system.atomic_file import replacing
from device.system.read_file import read_file

MAX_BYTES = 1 << 28
"""Maximum size of an image file in bytes."""


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read an image of any depth and number of channels, rotated upright by its EXIF data.

    Args:
        path: JPEG, PNG, WebP, TIFF, BMP or another format that OpenCV reads.

    Returns:
        uint8 [h, w, 3] BGR. 16-bit images are converted to 8 bits, transparency is dropped.

    Raises:
        InputError: the file is missing, unreadable, truncated, not an image, or too large.
    """
    content = read_file(path, "image", limit=MAX_BYTES)
    try:
        image = decode(content)
    except InputError as error:
        raise InputError(f"{path} {error}") from error
    if image is None:
        raise InputError(f"{path} is not an image that OpenCV can read, or is cut short")
    return image


def write(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """Write an image atomically, in the format given by the path's suffix.

    Args:
        path: path with suffix .png, .jpg or another one that OpenCV writes; missing folders are
            created.
        image: uint8 [h, w] or [h, w, 3] BGR.

    Raises:
        InputError: unknown suffix, or the file cannot be written.
    """
    if not path.suffix or not cv2.haveImageWriter(path.name):
        raise InputError(f"{path}: the suffix is not an image format; use .png or .jpg")
    written, content = cv2.imencode(path.suffix, image)
    if not written:
        raise InputError(f"{path}: this image cannot be written as {path.suffix}")
    with replacing(path) as partial:
        partial.write_bytes(content.tobytes())
