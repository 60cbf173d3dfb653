"""Boxes in an image, and the size of a model's input."""

from typing import NamedTuple

from device.errors import InputError


class Box(NamedTuple):
    """A rectangle in pixels of the image; may extend beyond its edges.

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
"""Margin of a crop like FER2013's images.

On 327 of 400 random FER2013 images, those in which the detector finds one face, its box has 0.97
times the side of the image (median; 0.91 to 1.03 in the middle half) and the image's center.
"""

MAX_MARGIN = 2.0
"""Largest accepted margin: a crop of five times the face's side."""

FACE_SIZE = 48
"""Width and height of a model's input, in pixels."""


def check_margin(value: float, name: str = "margin") -> float:
    """Check the margin of a crop, a fraction of the box on each side.

    Args:
        value: margin, above -0.5, at which nothing of the face is left, up to `MAX_MARGIN`.
        name: name of the margin in the error message.

    Returns:
        The value.

    Raises:
        InputError: the value is out of range or not a number.
    """
    if not -0.5 < value <= MAX_MARGIN:
        raise InputError(f"{name} is {value}: give a number above -0.5, up to {MAX_MARGIN:g}")
    return value
