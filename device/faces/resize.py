"""Downscaling of images to the size that a detector searches."""

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError

_SMALLEST_WINDOW = 24  # pixels; the cascade was trained on windows of 20


class ImageResizer:
    """Scales images down to a size that is fast to search, reusing one buffer."""

    def __init__(self, longest: int) -> None:
        """Set the longest side, in pixels, of the scaled images.

        Raises:
            InputError: too few pixels for a face.
        """
        if longest < _SMALLEST_WINDOW:
            raise InputError(f"detection size {longest}: give {_SMALLEST_WINDOW} pixels or more")
        self._longest = longest
        self._buffer: npt.NDArray[np.uint8] | None = None

    def __call__(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
        """Return the scaled image and the factor back to its original pixels (1 or more)."""
        height, width = image.shape[:2]
        factor = max(height, width) / self._longest
        if factor <= 1:
            return image, 1.0
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        self._buffer = cv2.resize(image, size, dst=self._buffer, interpolation=cv2.INTER_AREA)
        return self._buffer, factor
