"""The pixel normalization of a net."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.errors import InputError


@dataclass(frozen=True)
class Normalization:
    """x = (pixel - mean) / std, where the int8 input value of a pixel is pixel - 128.

    This needs an input scale of 1 / std and a zero point of mean - 128.

    Attributes:
        mean: pixel mean, a whole number from 0 to 255.
        std: pixel standard deviation, above 0.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        if not (0 <= self.mean <= 255 and self.mean == int(self.mean) and self.std > 0):
            raise InputError(
                f"normalization by mean {self.mean} and std {self.std}: give a whole mean from 0 "
                "to 255 and a std above 0, so that each int8 byte is a pixel"
            )

    @property
    def range(self) -> tuple[float, float]:
        """The normalized values of pixels 0 and 255."""
        return (0 - self.mean) / self.std, (255 - self.mean) / self.std

    @property
    def scale(self) -> float:
        """Scale of the int8 input: the difference between adjacent pixel values."""
        return 1 / self.std

    @property
    def zero_point(self) -> int:
        """Zero point of the int8 input: the byte that represents 0.0."""
        return int(self.mean) - 128

    def apply(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """From uint8 [n, 48, 48] to the model's input, float32 [n, 48, 48, 1]."""
        pixels = images[..., np.newaxis].astype(np.float32)
        return (pixels - np.float32(self.mean)) / np.float32(self.std)
