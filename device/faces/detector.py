"""Where faces are in a picture."""

from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError

CASCADE = "haarcascade_frontalface_alt2.xml"
"""OpenCV's cascade with the fewest false alarms at the same number of faces found."""

DETECTORS = ("haar", "yunet")
"""The names that `open_detector` knows."""

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


class Detection(NamedTuple):
    """A face that was found.

    Attributes:
        box: framed as the pictures are that models are trained on, whatever the detector.
        roll: how far the eye line is turned clockwise in the picture, in radians; 0 where the
            detector does not see the eyes.
    """

    box: Box
    roll: float = 0.0

    @property
    def area(self) -> int:
        """Of the box, in square pixels."""
        return self.box.w * self.box.h


class Detector(Protocol):
    """Finds faces.

    Attributes:
        colour: whether it searches the picture in colour rather than in grey.
    """

    colour: ClassVar[bool]

    def find(self, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Find the faces in a picture, uint8 [h, w] or [h, w, 3] in colour; the largest first."""
        ...


class Shrinker:
    """Scales pictures down to a size that is quick to search, into one buffer."""

    def __init__(self, longest: int) -> None:
        """Set the longest side, in pixels, of what is searched.

        Raises:
            InputError: too few pixels to hold a face.
        """
        if longest < _SMALLEST_WINDOW:
            raise InputError(f"detection size {longest}: give {_SMALLEST_WINDOW} pixels or more")
        self._longest = longest
        self._buffer: npt.NDArray[np.uint8] | None = None

    def __call__(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
        """Give the picture no larger than that, and the factor back to its own pixels (from 1)."""
        height, width = image.shape[:2]
        factor = max(height, width) / self._longest
        if factor <= 1:
            return image, 1.0
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        self._buffer = cv2.resize(image, size, dst=self._buffer, interpolation=cv2.INTER_AREA)
        return self._buffer, factor


class HaarDetector:
    """Finds frontal faces with the cascade that OpenCV 4 ships: nothing to download.

    Viola and Jones, "Rapid object detection using a boosted cascade of simple features" (2001);
    cascade by Lienhart. The boxes are about as tight as FER2013's pictures.
    """

    colour: ClassVar[bool] = False

    def __init__(
        self,
        *,
        search_size: int = 640,
        min_face: float = 0.08,
        scale_step: float = 1.1,
        min_neighbours: int = 5,
    ) -> None:
        """Load the cascade.

        Args:
            search_size: a picture whose longer side has more pixels is searched at that size.
            min_face: smallest face, as a fraction of the picture's shorter side.
            scale_step: factor between two window sizes, above 1; larger is faster and misses more.
            min_neighbours: overlapping windows that make a face; more gives fewer false alarms.

        Raises:
            InputError: this OpenCV has no cascade, or the size is too small.
        """
        self._shrink = Shrinker(search_size)
        self._min_face = min_face
        self._scale_step = scale_step
        self._min_neighbours = min_neighbours
        self._cascade = _load_cascade()

    def find(self, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Find the faces in a picture.

        Args:
            image: uint8 [h, w] grey.

        Returns:
            faces with boxes inside the picture, the largest first.
        """
        height, width = image.shape
        small, factor = self._shrink(image)
        smallest = max(_SMALLEST_WINDOW, round(self._min_face * min(small.shape)))
        found = self._cascade.detectMultiScale(
            small,
            scaleFactor=self._scale_step,
            minNeighbors=self._min_neighbours,
            minSize=(smallest, smallest),
        )
        faces = [Detection(_enlarge(box, factor, width, height)) for box in found]
        return sorted(faces, key=lambda face: face.area, reverse=True)


def open_detector(
    name: Literal["haar", "yunet"] | str = "haar",
    *,
    model: Path | None = None,
    search_size: int = 320,
) -> Detector:
    """Make a detector by its name, for frames that come one after the other.

    Args:
        name: "haar" needs nothing; "yunet" needs its file, fetched or given.
        model: file of YuNet.
        search_size: a picture whose longer side has more pixels is searched at that size.

    Raises:
        InputError: no such name, a model for a detector that takes none, or what the detector
            itself raises.
    """
    if name == "yunet":
        from device.faces.yunet import YuNetDetector

        return YuNetDetector(model, search_size=search_size)
    if name != "haar":
        raise InputError(f"detector {name!r}: give one of {', '.join(DETECTORS)}")
    if model is not None:
        raise InputError(f"detector haar takes no model file ({model}): choose yunet")
    return HaarDetector(search_size=search_size)


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
