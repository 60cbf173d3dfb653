"""Conversion from head units to canvas pixels."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Frame:
    """A square canvas and the position of the head on it.

    Attributes:
        side: side of the canvas in pixels.
        unit: pixels per head unit (see `person`).
        x: column of the point between the eyes, in pixels.
        y: row of the point between the eyes, in pixels.
    """

    side: int
    unit: float
    x: float
    y: float

    SHIFT: ClassVar[int] = 4
    """Fractional bits of the points returned by `pixels`, as OpenCV's drawing functions expect."""

    @cached_property
    def columns(self) -> np.ndarray:
        """The x coordinates of the columns in head units, float32 [side]."""
        return ((np.arange(self.side) - self.x) / self.unit).astype(np.float32)

    @cached_property
    def rows(self) -> np.ndarray:
        """The y coordinates of the rows in head units, float32 [side]."""
        return ((np.arange(self.side) - self.y) / self.unit).astype(np.float32)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Convert points in head units, float [..., 2], to int32 fixed-point pixels for OpenCV."""
        return (points * self._scale + self._offset).astype(np.int32)

    def length(self, units: float) -> int:
        """Convert a length in head units to whole pixels, at least 1."""
        return max(1, round(units * self.unit))

    @cached_property
    def _scale(self) -> float:
        return self.unit * (1 << self.SHIFT)

    @cached_property
    def _offset(self) -> np.ndarray:
        return np.array([self.x, self.y]) * (1 << self.SHIFT) + 0.5
