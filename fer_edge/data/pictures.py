"""Pictures of faces in files: from their bytes to a gray face of 48x48."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.faces.crop import crop_face
from device.geometry import FACE_SIZE, Box
from device.image import decode as image_decode

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".bmp", ".dib", ".gif", ".webp", ".avif",
    ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
"""Endings of the pictures that are read; of an animation the first frame."""

MAX_SQUARE = 4096
"""Pixels of a picture's longer side above which it is made smaller before it is made square."""


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode a picture of any depth and number of channels.

    Args:
        content: the bytes of its file.

    Returns:
        uint8 `[height, width]`, gray (ITU-R BT.601), upright by its EXIF data.

    Raises:
        InputError: it is no picture that OpenCV reads, cut short, or of too many pixels.
    """
    image = image_decode.decode(content, gray=True)
    if image is None:
        raise InputError("is not an image that can be read")
    return image


def to_face(gray: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    """Bring a picture, or a box of it, to a model's input as the device brings a face there.

    The picture keeps its aspect: the shorter side is filled up with the pixels of its edges. Area
    interpolation makes it smaller, linear interpolation larger; 48x48 stays as it is.

    Args:
        gray: uint8 `[height, width]`.
        box: the face in it; the whole picture where it is None.

    Returns:
        uint8 `[48, 48]`.
    """
    height, width = gray.shape
    box = box or Box(0, 0, width, height)
    if (longer := max(box.w, box.h)) > MAX_SQUARE:  # a picture of 60000x1 would be 3.6 GB square
        inside = gray[max(box.y, 0) : box.y + box.h, max(box.x, 0) : box.x + box.w]
        height, width = (max(1, side * MAX_SQUARE // longer) for side in inside.shape)
        gray = cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA)
        box = Box(0, 0, width, height)
    return crop_face(gray, box, margin=0.0, size=FACE_SIZE)
