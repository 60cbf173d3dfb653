"""Where faces are in a picture."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError

CASCADE = "haarcascade_frontalface_alt2.xml"
"""OpenCV's cascade with the fewest false alarms at the same number of faces found."""

_SEARCH_SIZE = 640  # longest side, in pixels, of the picture that is searched
_SMALLEST_WINDOW = 24  # pixels; the cascade was trained on windows of 20


class Box(NamedTuple):
    """A rectangle in pixels of the picture; it may reach over the picture's edge.

    Attributes:
        x: left edge.
        y: top edge.
        w: width.
        h: height.
    """

    x: int
    y: int
    w: int
    h: int


class HaarDetector:
    """Finds frontal faces with the cascade that OpenCV 4 ships: nothing to download.

    Viola and Jones, "Rapid object detection using a boosted cascade of simple features" (2001);
    cascade by Lienhart. The boxes are about as tight as FER2013's pictures.
    """

    def __init__(
        self, *, min_face: float = 0.08, scale_step: float = 1.1, min_neighbours: int = 5
    ) -> None:
        """Load the cascade.

        Args:
            min_face: smallest face, as a fraction of the picture's shorter side.
            scale_step: factor between two window sizes, above 1; larger is faster and misses more.
            min_neighbours: overlapping windows that make a face; more gives fewer false alarms.

        Raises:
            InputError: this OpenCV has no cascade.
        """
        self._min_face = min_face
        self._scale_step = scale_step
        self._min_neighbours = min_neighbours
        self._cascade = _load_cascade()

    def find(self, grey: npt.NDArray[np.uint8]) -> list[Box]:
        """Find the faces in a picture.

        Args:
            grey: uint8 [h, w]. A larger one than 640 pixels is searched at that size.

        Returns:
            boxes inside the picture, the largest first.
        """
        height, width = grey.shape
        shrink = max(1.0, max(height, width) / _SEARCH_SIZE)
        if shrink > 1:
            size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        smallest = max(_SMALLEST_WINDOW, round(self._min_face * min(grey.shape)))
        found = self._cascade.detectMultiScale(
            grey,
            scaleFactor=self._scale_step,
            minNeighbors=self._min_neighbours,
            minSize=(smallest, smallest),
        )
        boxes = [_enlarge(box, shrink, width, height) for box in found]
        return sorted(boxes, key=lambda box: box.w * box.h, reverse=True)


def _load_cascade() -> "cv2.CascadeClassifier":
    """Load the shipped cascade; OpenCV 5 has neither the class nor the file."""
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    if hasattr(cv2, "CascadeClassifier") and folder and (Path(folder) / CASCADE).is_file():
        cascade = cv2.CascadeClassifier(str(Path(folder) / CASCADE))
        if not cascade.empty():
            return cascade
    raise InputError(
        f"OpenCV {cv2.__version__} here has no {CASCADE}: pip install 'opencv-python-headless<5'"
    )


def _enlarge(box: npt.NDArray[np.int32], factor: float, width: int, height: int) -> Box:
    x, y, w, h = (round(float(value) * factor) for value in box)
    return Box(x, y, min(w, width - x), min(h, height - y))
