"""Landmarks of faces in an image, the pose of each head, and the crop that they frame."""

import math

import numpy as np
import numpy.typing as npt

from device.face import Face, HeadPose
from device.faces.align import LEVEL, FaceCropper
from device.faces.landmarks import LandmarkModel
from device.faces.pose import Pose
from device.geometry import Box

# Size and place of the mean face in FER2013's images: medians over 1,500 random training images.
SCALE = 1.026
"""Its scale."""
DOWN = -0.018
"""Distance of its origin below the center of the image, in sides."""


class Locator:
    """Finds the landmarks of one face after the other, in buffers that are reused."""

    def __init__(self, model: LandmarkModel, *, align: bool = False) -> None:
        """Combine the parts.

        Args:
            model: model of landmarks.
            align: whether crops are framed by the landmarks, instead of by the detector.
        """
        self._model = model
        self._align = align
        self._crop = FaceCropper(margin=0.0, size=model.size)

    def radius(self, box: Box) -> int:
        """Number of pixels that are read around the center of a box, at any roll."""
        return self._crop.radius(box)

    def __call__(self, gray: npt.NDArray[np.uint8], face: Face) -> tuple[Box, float]:
        """Set landmarks and pose of a face.

        Args:
            gray: image, uint8 [h, w].
            face: detected face; gets its landmarks and pose, or None if they fit no head.

        Returns:
            Box and roll in radians of the crop to classify: those of the face without `align`, or
            if the landmarks fit no head.
        """
        crop = Face(face.box, face.roll if abs(face.roll) >= LEVEL else 0.0)
        landmarks = self._model(self._crop(gray, crop.box, crop.roll))
        fitted = self._model.pose(landmarks)
        if fitted is None:
            face.landmarks = face.pose = None
            return face.box, face.roll
        face.landmarks = _in_image(crop, landmarks).astype(np.float32)
        face.pose = HeadPose(fitted.yaw, fitted.pitch, fitted.roll + math.degrees(crop.roll))
        return framed(crop, fitted) if self._align else (face.box, face.roll)


def framed(face: Face, fitted: Pose) -> tuple[Box, float]:
    """Frame a face as FER2013's images are framed: its place, size and roll, not yaw and pitch.

    Args:
        face: detected face.
        fitted: pose of the landmarks in the crop of the face, in sides of the crop.

    Returns:
        Box and roll in radians of the new crop.
    """
    scale, turn = fitted.scale / SCALE, math.radians(fitted.roll)
    center = fitted.shift + DOWN * scale * np.array([math.sin(turn), -math.cos(turn)])
    x, y = _in_image(face, center)
    whole = max(1, round(max(face.box.w, face.box.h) * scale))
    corner = (whole - 1) / 2
    return Box(round(x - corner), round(y - corner), whole, whole), face.roll + turn


def _in_image(crop: Face, places: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Places [..., 2] in a crop, in its sides from its center, as pixels of the image."""
    box, cos, sin = crop.box, math.cos(crop.roll), math.sin(crop.roll)
    center = np.array([box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2])
    return np.asarray(places @ np.array([[cos, sin], [-sin, cos]]) * max(box.w, box.h) + center)
