"""The region of an image in which faces are searched."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.errors import InputError


@dataclass(frozen=True)
class Region:
    """A rectangle in fractions of an image, independent of its resolution.

    Attributes:
        x: left edge, 0..1.
        y: top edge, 0..1.
        w: width, above 0; x + w is at most 1.
        h: height, above 0; y + h is at most 1.
    """

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        """Check that the region is inside the image.

        Raises:
            InputError: the region is not inside the image.
        """
        ends = (self.x + self.w, self.y + self.h)
        inside = min(self.x, self.y) >= 0 and max(ends) <= 1 + 1e-9
        if not (inside and min(self.w, self.h) > 0):
            raise InputError(
                f"region {self.x:g},{self.y:g},{self.w:g},{self.h:g} is not inside the image: "
                "give X,Y,WIDTH,HEIGHT as fractions, such as 0.25,0,0.5,1 for the middle half"
            )

    @classmethod
    def parse(cls, text: str) -> "Region":
        """Parse a region from `X,Y,WIDTH,HEIGHT`.

        Raises:
            InputError: these are not four numbers, or not inside the image.
        """
        try:
            x, y, w, h = (float(part) for part in text.split(","))
        except ValueError as error:
            raise InputError(
                f"region {text!r}: give X,Y,WIDTH,HEIGHT as fractions of the image, "
                "such as 0.25,0,0.5,1 for the middle half"
            ) from error
        return cls(x, y, w, h)

    def cut(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], int, int]:
        """Return the region of an image, a view of at least one pixel, and its top left corner."""
        height, width = image.shape[:2]
        left, top = min(width - 1, round(self.x * width)), min(height - 1, round(self.y * height))
        right = max(left + 1, round((self.x + self.w) * width))
        bottom = max(top + 1, round((self.y + self.h) * height))
        return image[top:bottom, left:right], left, top


WHOLE = Region(0.0, 0.0, 1.0, 1.0)
"""The whole image."""
