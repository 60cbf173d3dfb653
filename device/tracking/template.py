"""Where a face has moved to since the last frame, without a detector."""

import cv2
import numpy as np
import numpy.typing as npt

from device.faces.crop import crop_face
from device.geometry import Box

_SIDE = 24  # pixels of a face's likeness
_REACH = 6  # of these pixels: a quarter of a face, that it may move from frame to frame
_WINDOW = _SIDE + 2 * _REACH
_PLACES = 2 * _REACH + 1

Likeness = npt.NDArray[np.uint8]
"""A face in few pixels, uint8 [24, 24]."""


class Follower:
    """Finds a face again near its last place by normalized cross-correlation.

    Lewis, "Fast normalized cross-correlation" (1995), on a patch of 24x24 pixels: much cheaper
    than a detector, and deaf to changes of brightness and contrast. It does not see a face grow or
    turn: a detector has to look again after some frames.

    A pixel of the patch is a whole number of the frame's, which averages several times as fast as
    a fraction does, so that the patch is only about as large as the face.
    """

    def __init__(self, *, least_likeness: float = 0.6) -> None:
        """Set below which correlation, -1..1, a face counts as lost."""
        self._least = least_likeness
        self._window = np.empty((_WINDOW, _WINDOW), np.uint8)
        self._scores = np.empty((_PLACES, _PLACES), np.float32)

    @staticmethod
    def reach(box: Box) -> int:
        """Say how many pixels from a box's center `learn` and `find` read in each direction."""
        return _WINDOW * _step(box) // 2 + 1

    @staticmethod
    def learn(gray: npt.NDArray[np.uint8], box: Box, likeness: Likeness | None = None) -> Likeness:
        """Remember what a face looks like.

        Args:
            gray: uint8 [h, w], the frame.
            box: where the face is in it.
            likeness: an older one to overwrite.
        """
        return crop_face(gray, _around(box, _SIDE), margin=0.0, size=_SIDE, out=likeness)

    def find(self, gray: npt.NDArray[np.uint8], box: Box, likeness: Likeness) -> Box | None:
        """Find a face near its last place.

        Args:
            gray: uint8 [h, w], the frame.
            box: where the face was.
            likeness: what it looks like.

        Returns:
            Where it is, in the same size; None where nothing there looks like it.
        """
        crop_face(gray, _around(box, _WINDOW), margin=0.0, size=_WINDOW, out=self._window)
        scores = cv2.matchTemplate(
            self._window, likeness, cv2.TM_CCOEFF_NORMED, result=self._scores
        )
        _, best, _, (column, row) = cv2.minMaxLoc(scores)
        if not best >= self._least:
            return None
        step = _step(box)
        across = column + _peak(scores[row], column) - _REACH
        down = row + _peak(scores[:, column], row) - _REACH
        return Box(round(box.x + across * step), round(box.y + down * step), box.w, box.h)


def _step(box: Box) -> int:
    """Give the frame's pixels per pixel of a face's likeness."""
    return max(1, round(max(box.w, box.h) / _SIDE))


def _around(box: Box, pixels: int) -> Box:
    """Give the square of so many pixels of the likeness around a box's center."""
    side = pixels * _step(box)
    return Box(box.x + (box.w - side) // 2, box.y + (box.h - side) // 2, side, side)


def _peak(scores: npt.NDArray[np.float32], place: int) -> float:
    """Give the top of the parabola through a maximum and its neighbors, from -0.5 to 0.5."""
    if not 0 < place < len(scores) - 1:
        return 0.0
    before, top, after = (float(score) for score in scores[place - 1 : place + 2])
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
