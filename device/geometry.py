"""Faces in a picture: boxes, detections, and the size of a model's input."""

from typing import NamedTuple


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


MARGIN = 0.0
"""Margin that makes a crop like FER2013's pictures.

On 327 of 400 random FER2013 pictures where the detector finds one face, its box has 0.97 times the
side of the picture (median; 0.91 to 1.03 in the middle half) and the picture's center.
"""


FACE_SIZE = 48
"""Width and height of a model's input, in pixels."""
