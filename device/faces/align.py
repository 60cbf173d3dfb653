"""Faces turned upright by their eye line, and cut out as models have seen them in training."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from device.face import Face
from device.faces.crop import crop_face
from device.geometry import FACE_SIZE, MARGIN, Box, check_margin

# Where YuNet sees the face in FER2013's pictures: medians over the 843 of 1,000 random training
# pictures (96 pixels wide in a frame of 320x240) in which it finds one. Of the measures of size
# (distance of the eyes, of eyes and mouth, width, height) the box's sqrt(w * h) varies least.
SIDE = 1.107
"""Side of a FER2013 picture, as a multiple of sqrt(w * h) of YuNet's box."""
CENTER = 0.119
"""How far its center is below the middle of the eyes, as a fraction of its side."""

_LEVEL = math.radians(2)  # smaller rolls are not worth turning: the detector's own noise
_MOST_OVERSAMPLING = 8


def frame_face(
    width: float,
    height: float,
    right_eye: tuple[float, float],
    left_eye: tuple[float, float],
    *,
    seen: float = 1.0,
) -> Face:
    """Frame a face as FER2013's pictures are framed: centered below the eyes, turned with them.

    Args:
        width: of the detector's box, in pixels.
        height: of the detector's box.
        right_eye: x and y of the person's right eye, which is left in the picture.
        left_eye: x and y of the person's left eye.
        seen: the part of a head's roll that the detector's eyes show, above 0 to 1.

    Returns:
        The square that is cut out, and its roll.
    """
    across, down = left_eye[0] - right_eye[0], left_eye[1] - right_eye[1]
    roll = math.atan2(down, across) / seen
    side = SIDE * math.sqrt(width * height)
    x = (right_eye[0] + left_eye[0]) / 2 - CENTER * side * math.sin(roll)
    y = (right_eye[1] + left_eye[1]) / 2 + CENTER * side * math.cos(roll)
    whole = max(1, round(side))
    return Face(Box(round(x - side / 2), round(y - side / 2), whole, whole), roll)


class FaceCropper:
    """Cuts faces out as a model takes them, in buffers that it reuses."""

    def __init__(self, *, margin: float = MARGIN, size: int = FACE_SIZE) -> None:
        """Set what every crop has in common; `crop_face` describes both values.

        Raises:
            InputError: the margin is out of range.
        """
        self._margin = check_margin(margin)
        self._size = size
        self._face = np.empty((size, size), np.uint8)
        self._turned: dict[int, npt.NDArray[np.uint8]] = {}

    def radius(self, box: Box) -> int:
        """How many pixels around a box's center a crop reads in each direction, at any roll."""
        side = max(box.w, box.h) * (1 + 2 * self._margin)
        return math.ceil(math.sqrt(0.5) * side) + 1

    def __call__(
        self, gray: npt.NDArray[np.uint8], box: Box, roll: float = 0.0
    ) -> npt.NDArray[np.uint8]:
        """Cut out a face, the eye line level.

        Args:
            gray: uint8 [h, w].
            box: the face.
            roll: how far it is turned clockwise, in radians. Less than 2 degrees are left as they
                are.

        Returns:
            uint8 [size, size], which the next call overwrites.

        Raises:
            ValueError: the box is empty or the margin leaves nothing of it.
        """
        if abs(roll) < _LEVEL:
            return crop_face(gray, box, margin=self._margin, size=self._size, out=self._face)
        side = max(box.w, box.h) * (1 + 2 * self._margin)
        if min(box.w, box.h) < 1 or side <= 0:
            raise ValueError(f"nothing to crop: {box} with margin {self._margin}")
        # Sampling at a whole multiple of the size, about that of the picture, and averaging down
        # keeps large faces free of aliasing.
        multiple = min(_MOST_OVERSAMPLING, max(1, round(side / self._size)))
        turned = self._turn(gray, box, side, roll, multiple)
        if multiple == 1:
            return turned
        shape = (self._size, self._size)
        return cv2.resize(turned, shape, dst=self._face, interpolation=cv2.INTER_AREA)

    def _turn(
        self, gray: npt.NDArray[np.uint8], box: Box, side: float, roll: float, multiple: int
    ) -> npt.NDArray[np.uint8]:
        pixels = multiple * self._size
        step = side / pixels  # pixels of the picture per pixel of the crop
        cos, sin = math.cos(roll) * step, math.sin(roll) * step
        # From a pixel of the crop to its place in the picture; both count from pixel centers.
        middle = (pixels - 1) / 2
        x, y = box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2
        places = np.array(
            [
                [cos, -sin, x - (cos - sin) * middle],
                [sin, cos, y - (sin + cos) * middle],
            ]
        )
        buffer = self._turned.get(multiple)
        if buffer is None:
            buffer = self._turned[multiple] = np.empty((pixels, pixels), np.uint8)
        return cv2.warpAffine(
            gray,
            places,
            (pixels, pixels),
            dst=buffer,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
