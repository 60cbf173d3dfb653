"""Orientation of AVIF images, which OpenCV does not apply.

It is stored in the image's own properties, which take precedence over EXIF data: ISO/IEC 23008-12,
ImageRotation (`irot`) and then ImageMirror (`imir`), in the order of ISO/IEC 23000-22.
"""

import cv2
import numpy as np
import numpy.typing as npt

_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


def is_avif(content: bytes) -> bool:
    """Whether the first bytes of a file are those of AVIF."""
    return content[4:8] == b"ftyp" and content[8:12] in (b"avif", b"avis", b"mif1")


def transforms(content: bytes) -> tuple[int, int | None] | None:
    """Read the rotation and mirroring of an image.

    Returns:
        Quarter turns counterclockwise, and the mirroring after them: 0 swaps top and bottom, 1 left
        and right, None for no mirroring. None for an image with neither property.
    """
    at = content.find(b"ipco")  # the container of properties
    if at < 4:
        return None
    properties = content[at : at - 4 + int.from_bytes(content[at - 4 : at], "big")]
    turns, mirror = _value(properties, b"irot"), _value(properties, b"imir")
    if turns is None and mirror is None:
        return None
    return (turns or 0) & 3, None if mirror is None else mirror & 1


def turn(image: npt.NDArray[np.uint8], turns: int, mirror: int | None) -> npt.NDArray[np.uint8]:
    """Rotate and mirror an image, uint8 [h, w] or [h, w, 3], by the result of `transforms`."""
    if turns:
        image = np.asarray(cv2.rotate(image, _TURNS[turns]), np.uint8)
    if mirror is not None:
        image = np.asarray(cv2.flip(image, mirror), np.uint8)
    return image


def _value(properties: bytes, name: bytes) -> int | None:
    at = properties.find(name) + len(name)
    return properties[at] if len(name) <= at < len(properties) else None
