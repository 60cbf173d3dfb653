"""Train, validation and test images of a run, by the recipe's `[data]` section.

`training` never returns test images, so no stage of a run can select on them by mistake. Only the
evaluation of the finished files loads the test split.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge.data import leaks
from fer_edge.data.dataset import SPLITS, Dataset, load
from fer_edge.recipe import Recipe


@dataclass(frozen=True)
class TrainingData:
    """What a training run is handed.

    Attributes:
        train: the images that train, without leaked ones where the recipe drops them.
        val: the images that select; None for a random split, which has none.
        dropped: training images left out because they also stand in val or test.
    """

    train: Dataset
    val: Dataset | None
    dropped: int


@dataclass(frozen=True)
class TestData:
    """What the evaluation of finished files is handed.

    Attributes:
        test: the images that test.
        leaked: bool `[n]`, those of them that also stand among the training images.
    """

    test: Dataset
    leaked: NDArray[np.bool_]


def training(path: Path, recipe: Recipe) -> TrainingData:
    """Load the images that train and select.

    Raises:
        InputError: the file is no data set, or lacks a split.
    """
    val = None
    if recipe.data.split == "random":
        train = _shuffled(path, recipe).only("train")
    else:
        data = load(path, splits=("train", "val"))
        train, val = data.only("train"), data.only("val")
        for split, part in (("train", train), ("val", val)):
            if not len(part):
                raise InputError(f"{path} has no {split} split: prepare it with --val-fraction 0.1")
    kept = train
    if recipe.data.drop_leaked:
        kept = train.without(_leaks(path, recipe).rows_to_drop_from_train)
    return TrainingData(_limited(kept, recipe), val, len(train) - len(kept))


def _limited(train: Dataset, recipe: Recipe) -> Dataset:
    """At most as many images as the recipe's `data.limit` says, in unchanged order."""
    limit = recipe.data.limit
    if limit is None or limit >= len(train):
        return train
    chosen = np.random.default_rng(recipe.seed).permutation(len(train))[:limit]
    return train.take(np.sort(chosen))


def testing(path: Path, recipe: Recipe) -> TestData:
    """Load the test split, and which of its images also stand among the training images.

    Raises:
        InputError: the file is no data set, or has no test split.
    """
    whole = _shuffled(path, recipe) if recipe.data.split == "random" else load(path)
    test = whole.only("test")
    if not len(test):
        raise InputError(f"{path} has no test split: there is nothing to evaluate on")
    leaked = np.isin(test.rows, _leaks(path, recipe).leaked("test"))
    return TestData(test, leaked)


def _leaks(path: Path, recipe: Recipe) -> leaks.Leaks:
    if recipe.data.split == "random":
        name = f"random-{recipe.seed}-{recipe.data.test_fraction:g}"
        return leaks.load_or_find(path, split=name, dataset=lambda: _shuffled(path, recipe))
    return leaks.load_or_find(path)


def _shuffled(path: Path, recipe: Recipe) -> Dataset:
    """All rows of a file, split at random into train and test."""
    data = load(path)
    order = np.random.default_rng(recipe.seed).permutation(len(data))
    split = np.full(len(data), SPLITS.index("train"), np.uint8)
    split[order[: round(len(data) * recipe.data.test_fraction)]] = SPLITS.index("test")
    return replace(data, split=split)
