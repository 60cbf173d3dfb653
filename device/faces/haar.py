"""The Haar cascade detector that ships with OpenCV 4."""

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.face import Face
from device.faces.resize import _SMALLEST_WINDOW, ImageResizer
from device.geometry import Box

CASCADE = "haarcascade_frontalface_alt2.xml"
"""OpenCV's cascade with the fewest false detections at the same number of faces found."""


class HaarDetector:
    """Finds frontal faces with the cascade that ships with OpenCV 4; needs no download.

    Viola and Jones, "Rapid object detection using a boosted cascade of simple features" (2001);
    cascade by Lienhart. The boxes are about as tight as FER2013's images.
    """

    color: ClassVar[bool] = False
    min_hits: ClassVar[int] = 3

    def __init__(
        self,
        *,
        search_size: int = 640,
        min_face: float = 0.08,
        scale_step: float = 1.1,
        min_neighbors: int = 5,
    ) -> None:
        """Load the cascade.

        Args:
            search_size: longest side in pixels at which larger images are searched.
            min_face: smallest face, as a fraction of the image's shorter side.
            scale_step: factor between two window sizes, above 1; larger is faster and misses more.
            min_neighbors: number of overlapping windows that make a face; more means fewer false
                detections.

        Raises:
            InputError: this OpenCV has no cascade, or the size is too small.
        """
        self._shrink = ImageResizer(search_size)
        self._min_face = min_face
        self._scale_step = scale_step
        self._min_neighbors = min_neighbors
        self._cascade = _load_cascade()

    def find(self, image: npt.NDArray[np.uint8]) -> list[Face]:
        """Find the faces in an image.

        Args:
            image: gray image, uint8 [h, w].

        Returns:
            Faces with boxes inside the image, the largest first.
        """
        height, width = image.shape
        small, factor = self._shrink(image)
        smallest = max(_SMALLEST_WINDOW, round(self._min_face * min(small.shape)))
        found = self._cascade.detectMultiScale(
            small,
            scaleFactor=self._scale_step,
            minNeighbors=self._min_neighbors,
            minSize=(smallest, smallest),
        )
        faces = [Face(_enlarge(box, factor, width, height)) for box in found]
        return sorted(faces, key=lambda face: face.area, reverse=True)


def _load_cascade() -> "cv2.CascadeClassifier":
    """Load the shipped cascade; OpenCV 5 has neither the class nor the file."""
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    if hasattr(cv2, "CascadeClassifier") and folder and (Path(folder) / CASCADE).is_file():
        cascade = cv2.CascadeClassifier(str(Path(folder) / CASCADE))
        if not cascade.empty():
            return cascade
    raise InputError(
        f"OpenCV {cv2.__version__} has no {CASCADE}: pip install 'opencv-python-headless<5'"
    )


def _enlarge(box: npt.NDArray[np.int32], factor: float, width: int, height: int) -> Box:
    x, y, w, h = (round(float(value) * factor) for value in box)
    return Box(x, y, min(w, width - x), min(h, height - y))
