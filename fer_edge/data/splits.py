"""Loads the train, validation and test images of a run, by the recipe's `[data]` section.

`training` never returns test images, so no stage of a run can select on them by mistake. Only the
evaluation of finished files loads the test split.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from fer_edge.data import leaks
from fer_edge.data.dataset import SPLITS, Dataset, load
from fer_edge.data.shards import index, read
from fer_edge.data.shards.read import Stream
from fer_edge.recipe import Recipe

SAMPLE = 20_000
"""Images of a folder of shards that are kept in memory, for calibration and class shares."""


@dataclass(frozen=True)
class TrainingData:
    """Images for a training run.

    Attributes:
        train: training images, without leaked ones if the recipe drops them; of shards a sample.
        val: validation images for model selection; None for a random split, which has none.
        dropped: number of training images left out because they are also in val or test.
        stream: all training images, where they are read from shards; None if `train` has them all.
    """

    train: Dataset
    val: Dataset | None
    dropped: int
    stream: Stream | None = None


@dataclass(frozen=True)
class TestData:
    """Images for the evaluation of finished files.

    Attributes:
        test: test images.
        leaked: whether each test image is also in the training images, bool `[n]`.
    """

    test: Dataset
    leaked: NDArray[np.bool_]


def training(path: Path, recipe: Recipe) -> TrainingData:
    """Load the training and validation images.

    Raises:
        InputError: the file is not a data set, or lacks a split.
    """
    if index.is_shards(path):
        return _sharded(path, recipe)
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


def _sharded(folder: Path, recipe: Recipe) -> TrainingData:
    """Training images that are streamed, or a sample of them by the recipe's `data.limit`."""
    if recipe.data.split == "random":
        raise InputError(f'{folder} has splits of its own: set data.split = "protocol"')
    found = index.read(folder)
    stream = read.open_stream(folder, found, leaked=not recipe.data.drop_leaked)
    limit = recipe.data.limit
    limited = limit is not None and limit < len(stream)
    train = read.sample(stream, found, limit if limit is not None and limited else SAMPLE)
    return TrainingData(
        train,
        load(folder / index.HELD_OUT, splits=("val",)),
        found.images(leaked=True) - len(stream),
        None if limited else stream,
    )


def _limited(train: Dataset, recipe: Recipe) -> Dataset:
    """Limit the images to the recipe's `data.limit`, in unchanged order."""
    limit = recipe.data.limit
    if limit is None or limit >= len(train):
        return train
    chosen = np.random.default_rng(recipe.seed).permutation(len(train))[:limit]
    return train.take(np.sort(chosen))


def testing(path: Path, recipe: Recipe) -> TestData:
    """Load the test split, and which of its images are also in the training images.

    Raises:
        InputError: the file is not a data set, or has no test split.
    """
    if index.is_shards(path):
        path = path / index.HELD_OUT
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
