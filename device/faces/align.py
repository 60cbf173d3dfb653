"""Rotates faces upright by their eye line and crops them as in the training images."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from device.face import Face
from device.faces.crop import crop_face
from device.geometry import FACE_SIZE, MARGIN, Box, check_margin

# Position of YuNet's box in FER2013's images: medians over 843 of 1,000 random training images (96
# pixels wide in a frame of 320x240), those in which it finds a face. Of the measures of size
# (distance of the eyes, of eyes and mouth, width, height) sqrt(w * h) of the box varies least.
SIDE = 1.107
"""Side of a FER2013 image, as a multiple of sqrt(w * h) of YuNet's box."""
CENTER = 0.119
"""Distance of its center below the midpoint of the eyes, as a fraction of its side."""

LEVEL = math.radians(2)
"""Smaller rolls are not corrected: they are within the detector's noise."""

_MOST_OVERSAMPLING = 8


def frame_face(
    width: float,
    height: float,
    right_eye: tuple[float, float],
    left_eye: tuple[float, float],
    *,
    seen: float = 1.0,
) -> Face:
    """Frame a face as in FER2013's images: centered below the eyes and rotated with them.

    Args:
        width: width of the detector's box in pixels.
        height: height of the detector's box in pixels.
        right_eye: x and y of the person's right eye, which is left in the image.
        left_eye: x and y of the person's left eye.
        seen: the fraction of the head's roll that the detector's eyes show, above 0 to 1.

    Returns:
        The square to crop, and its roll in radians.
    """
    across, down = left_eye[0] - right_eye[0], left_eye[1] - right_eye[1]
    roll = math.atan2(down, across) / seen
    side = SIDE * math.sqrt(width * height)
    x = (right_eye[0] + left_eye[0]) / 2 - CENTER * side * math.sin(roll)
    y = (right_eye[1] + left_eye[1]) / 2 + CENTER * side * math.cos(roll)
    whole = max(1, round(side))
    return Face(Box(round(x - side / 2), round(y - side / 2), whole, whole), roll)


class FaceCropper:
    """Crops faces for a model, in buffers that are reused."""

    def __init__(self, *, margin: float = MARGIN, size: int = FACE_SIZE) -> None:
        """Set the properties of all crops; see `crop_face`.

        Raises:
            InputError: the margin is out of range.
        """
        self._margin = check_margin(margin)
        self._size = size
        self._face = np.empty((size, size), np.uint8)
        self._turned: dict[int, npt.NDArray[np.uint8]] = {}

    def radius(self, box: Box) -> int:
        """Number of pixels that a crop reads around the center of a box, at any roll."""
        side = max(box.w, box.h) * (1 + 2 * self._margin)
        return math.ceil(math.sqrt(0.5) * side) + 1

    def __call__(
        self, gray: npt.NDArray[np.uint8], box: Box, roll: float = 0.0
    ) -> npt.NDArray[np.uint8]:
        """Crop a face with a level eye line.

        Args:
            gray: image, uint8 [h, w].
            box: box of the face.
            roll: clockwise rotation of the face in radians. Less than 2 degrees are not corrected.

        Returns:
            The crop, uint8 [size, size]; overwritten by the next call.

        Raises:
            ValueError: the box is empty, or nothing is left with this margin.
        """
        if abs(roll) < LEVEL:
            return crop_face(gray, box, margin=self._margin, size=self._size, out=self._face)
        side = max(box.w, box.h) * (1 + 2 * self._margin)
        if min(box.w, box.h) < 1 or side <= 0:
            raise ValueError(f"nothing to crop: {box} with margin {self._margin}")
        # Sampling at an integer multiple of the size, close to that of the image, and averaging
        # down avoids aliasing in large faces.
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
        step = side / pixels  # image pixels per pixel of the crop
        cos, sin = math.cos(roll) * step, math.sin(roll) * step
        # From a pixel of the crop to its position in the image; both count from pixel centers.
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
