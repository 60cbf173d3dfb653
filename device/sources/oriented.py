"""Frames of a camera that is mounted sideways, upside down or behind a mirror."""

import threading

import cv2
import numpy as np
import numpy.typing as npt

from device.frame import Frame
from device.sources.base import Source

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class OrientedSource(Source):
    """Rotates and mirrors each frame of a source, with reused buffers."""

    def __init__(self, source: Source, degrees: int = 0, flip: bool = False) -> None:
        """Wrap a source.

        Args:
            source: source that has not been read from yet; closed with this one.
            degrees: clockwise rotation: 0, 90, 180 or 270.
            flip: whether frames are mirrored left to right, after the rotation.
        """
        self.name = source.name
        self.live = source.live
        self._source = source
        self._turn = _TURNS.get(degrees)
        self._flip = flip
        self._turned: npt.NDArray[np.uint8] | None = None
        self._flipped: npt.NDArray[np.uint8] | None = None

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the next frame, oriented."""
        frame = self._source.read(stop)
        self.fps, self.dropped = self._source.fps, self._source.dropped
        self.skipped = self._source.skipped
        if frame is None:
            return None
        image = frame.image
        if self._turn is not None:
            image = self._turned = cv2.rotate(image, self._turn, dst=self._turned)
        if self._flip:
            image = self._flipped = cv2.flip(image, 1, dst=self._flipped)
        return Frame(image, frame.number, frame.time, frame.name)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
        self.hung = self._source.hung
