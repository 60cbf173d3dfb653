"""How an AVIF picture is turned upright, which OpenCV leaves undone.

The picture's own properties say it, and where they stand EXIF data does not count: ISO/IEC
23008-12, ImageRotation (`irot`) and then ImageMirror (`imir`), as ISO/IEC 23000-22 orders them.
"""

import cv2
import numpy as np
import numpy.typing as npt

_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


def is_avif(content: bytes) -> bool:
    """Tell whether a file's first bytes are those of AVIF."""
    return content[4:8] == b"ftyp" and content[8:12] in (b"avif", b"avis", b"mif1")


def transforms(content: bytes) -> tuple[int, int | None] | None:
    """Read the rotation and the mirror of a picture.

    Returns:
        Quarter turns counterclockwise, and how the picture is mirrored after them: 0 exchanges top
        and bottom, 1 left and right, None nothing. None for a picture that has neither property.
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
    """Turn and mirror a picture, uint8 [h, w] or [h, w, 3], as `transforms` says."""
    if turns:
        image = np.asarray(cv2.rotate(image, _TURNS[turns]), np.uint8)
    if mirror is not None:
        image = np.asarray(cv2.flip(image, mirror), np.uint8)
    return image


def _value(properties: bytes, name: bytes) -> int | None:
    at = properties.find(name) + len(name)
    return properties[at] if len(name) <= at < len(properties) else None
