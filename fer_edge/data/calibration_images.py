"""Which training images calibrate: always the same ones."""

from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge.data import dataset, leaks


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


def draw(path: Path, count: int, seed: int) -> dataset.Dataset:
    """Draw training images of a data file to calibrate on, none that also stands in val or test.

    Args:
        path: the `.npz` of `data prepare`.
        count: how many; the first ones are the same for any count.
        seed: of the draw.

    Raises:
        InputError: it is no data file, or has fewer training images.
    """
    dropped = leaks.load_or_find(path).rows_to_drop_from_train
    train = dataset.load(path, ["train"]).without(dropped)
    if count > len(train):
        raise InputError(f"{path} has {len(train):,} images to calibrate on, not {count:,}")
    return train.take(np.random.default_rng(seed).permutation(len(train))[:count])
