"""Template tracking: finds a face again in the next frame without a detector."""

import cv2
import numpy as np
import numpy.typing as npt

from device.faces.crop import crop_face
from device.geometry import Box

_SIDE = 24  # side of a face's template in pixels
_SHIFT = 6  # maximum shift between frames in template pixels, a quarter of the side
_WINDOW = _SIDE + 2 * _SHIFT
_PLACES = 2 * _SHIFT + 1

Template = npt.NDArray[np.uint8]
"""A downscaled face, uint8 [24, 24]."""


class TemplateTracker:
    """Finds a face again near its last position by normalized cross-correlation.

    Lewis, "Fast normalized cross-correlation" (1995), on a patch of 24x24 pixels: much cheaper than
    a detector, and invariant to brightness and contrast. It does not handle changes of scale or
    rotation, so a detector has to run again after some frames.

    A pixel of the patch covers an integer number of the frame's pixels, because averaging whole
    blocks is several times as fast as resampling; the patch is therefore only approximately as
    large as the face.
    """

    def __init__(self, *, min_correlation: float = 0.6) -> None:
        """Allocate the buffers.

        Args:
            min_correlation: correlation, -1..1, below which a face counts as lost.
        """
        self._min_correlation = min_correlation
        self._window = np.empty((_WINDOW, _WINDOW), np.uint8)
        self._scores = np.empty((_PLACES, _PLACES), np.float32)

    @staticmethod
    def radius(box: Box) -> int:
        """Number of pixels that `update` and `find` read around the center of a box."""
        return _WINDOW * _step(box) // 2 + 1

    @staticmethod
    def update(gray: npt.NDArray[np.uint8], box: Box, template: Template | None = None) -> Template:
        """Create or update the template of a face.

        Args:
            gray: frame, uint8 [h, w].
            box: position of the face in the frame.
            template: older template to overwrite.

        Returns:
            The template; the same array if one was given.
        """
        return crop_face(gray, _around(box, _SIDE), margin=0.0, size=_SIDE, out=template)

    def find(self, gray: npt.NDArray[np.uint8], box: Box, template: Template) -> Box | None:
        """Find a face near its last position.

        Args:
            gray: frame, uint8 [h, w].
            box: last position of the face.
            template: template of the face.

        Returns:
            The new box, of the same size; None if nothing there is similar enough.
        """
        crop_face(gray, _around(box, _WINDOW), margin=0.0, size=_WINDOW, out=self._window)
        scores = cv2.matchTemplate(
            self._window, template, cv2.TM_CCOEFF_NORMED, result=self._scores
        )
        _, best, _, (column, row) = cv2.minMaxLoc(scores)
        if not best >= self._min_correlation:
            return None
        step = _step(box)
        across = column + _peak(scores[row], column) - _SHIFT
        down = row + _peak(scores[:, column], row) - _SHIFT
        return Box(round(box.x + across * step), round(box.y + down * step), box.w, box.h)


def _step(box: Box) -> int:
    """Number of frame pixels per template pixel."""
    return max(1, round(max(box.w, box.h) / _SIDE))


def _around(box: Box, pixels: int) -> Box:
    """Square around the box's center; its side is given in template pixels."""
    side = pixels * _step(box)
    return Box(box.x + (box.w - side) // 2, box.y + (box.h - side) // 2, side, side)


def _peak(scores: npt.NDArray[np.float32], place: int) -> float:
    """Vertex of the parabola through a maximum and its neighbors, -0.5..0.5 from the maximum."""
    if not 0 < place < len(scores) - 1:
        return 0.0
    before, top, after = (float(score) for score in scores[place - 1 : place + 2])
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
