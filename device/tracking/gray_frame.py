"""Lazily converted grayscale frames: only requested regions are converted."""

import cv2
import numpy as np
import numpy.typing as npt

from device.geometry import Box


class GrayFrame:
    """A frame in gray, in a buffer that the next frame uses again.

    Making the whole of a frame gray costs more than following and cropping a face in it: between
    two detections only the surroundings of the faces are made so.
    """

    def __init__(self) -> None:
        self._image = self._gray = np.empty((0, 0), np.uint8)
        self._buffer = np.empty((0, 0), np.uint8)

    def begin(self, image: npt.NDArray[np.uint8]) -> None:
        """Take the next frame, uint8 [h, w, 3] in the order blue, green, red, or [h, w] gray."""
        self._image = image
        if image.ndim == 2:
            self._gray = image
            return
        if self._buffer.shape != image.shape[:2]:
            self._buffer = np.zeros(image.shape[:2], np.uint8)
        self._gray = self._buffer

    def whole(self) -> npt.NDArray[np.uint8]:
        """Give the frame, uint8 [h, w]."""
        if self._image.ndim == 3:
            cv2.cvtColor(self._image, cv2.COLOR_BGR2GRAY, dst=self._gray)
        return self._gray

    def around(self, box: Box, radius: int) -> npt.NDArray[np.uint8]:
        """Give the frame, of which only the surroundings of a box are sure to be this frame's.

        Args:
            box: a face, which may reach over the edge of the frame or lie beside it.
            radius: how many pixels around the box's center are needed in each direction.

        Returns:
            uint8 [h, w].
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
    """Give begin and end of the stretch around the middle; the edge's pixel where it is outside.

    Crops go on with the edge's pixels where they leave the frame.
    """
    begin = min(max(0, middle - radius), size - 1)
    return begin, max(begin + 1, min(size, middle + radius + 1))
