"""Lazily converted grayscale frames: only requested regions are converted."""

import cv2
import numpy as np
import numpy.typing as npt

from device.geometry import Box


class GrayFrame:
    """A frame in gray, in a buffer that is reused for the next frame.

    Converting a whole frame costs more than tracking and cropping a face in it: between two
    detections only the regions around the faces are converted.
    """

    def __init__(self) -> None:
        self._image = self._gray = np.empty((0, 0), np.uint8)
        self._buffer = np.empty((0, 0), np.uint8)

    def begin(self, image: npt.NDArray[np.uint8]) -> None:
        """Set the next frame, uint8 [h, w, 3] BGR or [h, w] gray."""
        self._image = image
        if image.ndim == 2:
            self._gray = image
            return
        if self._buffer.shape != image.shape[:2]:
            self._buffer = np.zeros(image.shape[:2], np.uint8)
        self._gray = self._buffer

    def whole(self) -> npt.NDArray[np.uint8]:
        """Return the whole frame, uint8 [h, w]."""
        if self._image.ndim == 3:
            cv2.cvtColor(self._image, cv2.COLOR_BGR2GRAY, dst=self._gray)
        return self._gray

    def around(self, box: Box, radius: int) -> npt.NDArray[np.uint8]:
        """Return the frame; only the region around a box is guaranteed to be up to date.

        Args:
            box: box of a face; may extend beyond the frame or lie outside it.
            radius: number of pixels needed around the center of the box in each direction.

        Returns:
            The frame, uint8 [h, w].
        """
        if self._image.ndim == 3:
            height, width = self._gray.shape
            left, right = _within(box.x + box.w // 2, radius, width)
            top, bottom = _within(box.y + box.h // 2, radius, height)
            cv2.cvtColor(
                self._image[top:bottom, left:right],
                cv2.COLOR_BGR2GRAY,
                dst=self._gray[top:bottom, left:right],
            )
        return self._gray


def _within(middle: int, radius: int, size: int) -> tuple[int, int]:
    """Return start and end of the interval around the middle; at least the border pixel.

    Crops replicate the border pixels where they extend beyond the frame.
    """
    begin = min(max(0, middle - radius), size - 1)
    return begin, max(begin + 1, min(size, middle + radius + 1))
