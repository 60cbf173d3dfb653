"""Which training images calibrate: always the same ones."""

from importlib import resources

import numpy as np
from numpy.typing import NDArray


def calibration_images(train: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Pick the images that int8 ranges are calibrated on, spread over the training split.

    The list that ships with fer-edge (`recipes/calibration.csv`) holds positions as millionths of
    the split, so that it serves a split of any size.

    Args:
        train: uint8 `[n, 48, 48]`, the training images.
        count: how many, from the head of the list; 512 at most.

    Returns:
        uint8 `[count, 48, 48]`.
    """
    text = (resources.files("fer_edge") / "recipes" / "calibration.csv").read_text()
    millionths = np.array(text.split()[1:], np.int64)[:count]
    return train[millionths * len(train) // 1_000_000]
