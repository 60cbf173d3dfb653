"""Boxes in a picture, and the size of a model's input."""

from typing import NamedTuple

from device.errors import InputError


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

    def moved(self, across: int, down: int) -> "Box":
        """The same box shifted by this many pixels."""
        return Box(self.x + across, self.y + down, self.w, self.h)


MARGIN = 0.0
"""Margin that makes a crop like FER2013's pictures.

On 327 of 400 random FER2013 pictures where the detector finds one face, its box has 0.97 times the
side of the picture (median; 0.91 to 1.03 in the middle half) and the picture's center.
"""

MAX_MARGIN = 2.0
"""Largest margin that is accepted: a crop of five times the face's side."""

FACE_SIZE = 48
"""Width and height of a model's input, in pixels."""


def check_margin(value: float, name: str = "margin") -> float:
    """Check the margin of a crop, a fraction of the box on each side.

    Args:
        value: above -0.5, which leaves nothing of a face, up to `MAX_MARGIN`.
        name: what the message calls it.

    Returns:
        The value.

    Raises:
        InputError: it is out of range or not a number.
    """
    if not -0.5 < value <= MAX_MARGIN:
        raise InputError(f"{name} is {value}: give a number above -0.5, up to {MAX_MARGIN:g}")
    return value
