"""Selects the calibration images: a fixed selection of training images."""

from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge.data import dataset, leaks


def calibration_images(train: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Select the images for calibrating int8 ranges, spread over the training split.

    The list in fer-edge (`recipes/calibration.csv`) holds positions as millionths of the split, so
    it applies to a split of any size.

    Args:
        train: training images, uint8 `[n, 48, 48]`.
        count: number of images, from the start of the list; at most 512.

    Returns:
        uint8 `[count, 48, 48]`.
    """
    text = (resources.files("fer_edge") / "recipes" / "calibration.csv").read_text()
    millionths = np.array(text.split()[1:], np.int64)[:count]
    return train[millionths * len(train) // 1_000_000]


def draw(path: Path, count: int, seed: int) -> dataset.Dataset:
    """Draw calibration images from the training split, without those that are also in val or test.

    Args:
        path: `.npz` file of `data prepare`.
        count: number of images; the first ones are the same for any count.
        seed: RNG seed.

    Raises:
        InputError: not a data file, or too few training images.
    """
    dropped = leaks.load_or_find(path).rows_to_drop_from_train
    train = dataset.load(path, ["train"]).without(dropped)
    if count > len(train):
        raise InputError(f"{path} has {len(train):,} images to calibrate on, not {count:,}")
    return train.take(np.random.default_rng(seed).permutation(len(train))[:count])
