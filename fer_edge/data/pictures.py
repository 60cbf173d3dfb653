"""Decodes image files to gray 48x48 faces."""

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
"""Extensions of the image files that are read; of an animation only the first frame."""

MAX_SQUARE = 4096
"""Length of the longer side in pixels above which an image is shrunk before it is padded."""


def is_picture(name: str) -> bool:
    """Whether a file is an image file by its extension."""
    return name.lower().endswith(SUFFIXES)


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode an image of any bit depth and number of channels.

    Args:
        content: content of the image file.

    Returns:
        Gray image (ITU-R BT.601), uint8 `[height, width]`, rotated upright by its EXIF data.

    Raises:
        InputError: OpenCV cannot read the image, or it is truncated or has too many pixels.
    """
    image = image_decode.decode(content, gray=True)
    if image is None:
        raise InputError("is not an image that can be read")
    return image


def to_face(gray: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    """Crop and resize an image to a model's input, in the same way as the runner.

    The aspect ratio is kept: the shorter side is padded with edge pixels. Shrinking uses area
    interpolation, enlarging linear interpolation; a 48x48 image is returned unchanged.

    Args:
        gray: gray image, uint8 `[height, width]`.
        box: face box; None for the whole image.

    Returns:
        uint8 `[48, 48]`.
    """
    height, width = gray.shape
    box = box or Box(0, 0, width, height)
    if (
        longer := max(box.w, box.h)
    ) > MAX_SQUARE:  # an image of 60000x1 would take 3.6 GB when square
        inside = gray[max(box.y, 0) : box.y + box.h, max(box.x, 0) : box.x + box.w]
        height, width = (max(1, side * MAX_SQUARE // longer) for side in inside.shape)
        gray = cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA)
        box = Box(0, 0, width, height)
    return crop_face(gray, box, margin=0.0, size=FACE_SIZE)
