"""Pictures in files."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.image.decode import decode
from device.system.atomic_file import replacing
from device.system.read_file import read_file

MAX_BYTES = 1 << 28
"""Largest picture file that is read, in bytes."""


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read a picture of any depth and number of channels, turned upright as its EXIF data says.

    Args:
        path: JPEG, PNG, WebP, TIFF, BMP or another format that OpenCV reads.

    Returns:
        uint8 [h, w, 3] in the order blue, green, red. 16-bit pictures are brought to 8 bits,
        transparency is dropped.

    Raises:
        InputError: the file is missing, unreadable, cut short, no picture, or too large.
    """
    content = read_file(path, "picture", limit=MAX_BYTES)
    try:
        image = decode(content)
    except InputError as error:
        raise InputError(f"{path} {error}") from error
    if image is None:
        raise InputError(f"{path} is no picture that OpenCV can read, or is cut short")
    return image


def write(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """Write a picture in the format that the path's ending names; it appears whole or not at all.

    Args:
        path: ends in .png, .jpg or another ending that OpenCV writes; missing folders are made.
        image: uint8 [h, w] or [h, w, 3] in the order blue, green, red.

    Raises:
        InputError: the ending names no format, or the file cannot be written.
    """
    if not path.suffix or not cv2.haveImageWriter(path.name):
        raise InputError(f"{path}: the ending names no picture format; use .png or .jpg")
    written, content = cv2.imencode(path.suffix, image)
    if not written:
        raise InputError(f"{path}: this picture cannot be written as {path.suffix}")
    with replacing(path) as partial:
        partial.write_bytes(content.tobytes())
