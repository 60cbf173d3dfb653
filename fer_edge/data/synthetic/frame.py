"""From head units to the pixels of a canvas."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Frame:
    """A square canvas and where the head stands on it.

    Attributes:
        side: of the canvas, pixels.
        unit: pixels of one head unit (see `person`).
        x: column of the point between the eyes, pixels.
        y: row of the point between the eyes, pixels.
    """

    side: int
    unit: float
    x: float
    y: float

    SHIFT: ClassVar[int] = 4
    """Fractional bits of the points that `pixels` returns, as OpenCV's drawing wants them."""

    @cached_property
    def columns(self) -> np.ndarray:
        """The columns' x in head units, float32 [side]."""
        return ((np.arange(self.side) - self.x) / self.unit).astype(np.float32)

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows' y in head units, float32 [side]."""
        return ((np.arange(self.side) - self.y) / self.unit).astype(np.float32)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points in head units, float [..., 2], as int32 fixed-point pixels for OpenCV."""
        return (points * self._scale + self._offset).astype(np.int32)

    def length(self, units: float) -> int:
        """A length in head units as whole pixels, 1 at least."""
        return max(1, round(units * self.unit))

    @cached_property
    def _scale(self) -> float:
        return self.unit * (1 << self.SHIFT)

    @cached_property
    def _offset(self) -> np.ndarray:
        return np.array([self.x, self.y]) * (1 << self.SHIFT) + 0.5
