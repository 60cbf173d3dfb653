"""Stratified sampling: splits held out of train, and smaller sets of the same composition."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.errors import InputError
from fer_edge.data import duplicates
from fer_edge.data.dataset import SPLITS, Dataset


def spread(
    split: ArrayLike, labels: ArrayLike, limit: int | None, seed: int = 0
) -> NDArray[np.int64]:
    """Choose images: the same share of each class of each split, at least one each.

    Args:
        split: split number of each image.
        labels: label of each image.
        limit: number of images to choose (slightly more with many classes); None for all.
        seed: RNG seed.

    Returns:
        Positions of the chosen images, ascending.
    """
    strata = np.stack([np.asarray(split), np.asarray(labels)], axis=1)
    count = len(strata)
    if limit is None or limit >= count:
        return np.arange(count)
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for stratum in np.unique(strata, axis=0):
        members = np.flatnonzero((strata == stratum).all(axis=1))
        wanted = max(1, len(members) * limit // count)
        chosen += random.permutation(members)[:wanted].tolist()
    return np.sort(np.array(chosen, np.int64))


def hold_out(
    dataset: Dataset,
    name: str,
    fraction: float,
    seed: int,
    subjects: NDArray[np.str_] | None = None,
) -> Dataset:
    """Hold out a part of train as val or test: the same share of every class, duplicates together.

    Of a class with at least two images, at least one is held out and at least one stays in train.

    Args:
        dataset: data set without that split.
        name: name of the split.
        fraction: share of the distinct images of each class, between 0 and 1.
        seed: RNG seed.
        subjects: subject of each image; if given, whole subjects are held out, regardless of class.

    Raises:
        InputError: there is such a split already, or too few images.
    """
    number = SPLITS.index(name)
    if (dataset.split == number).any():
        raise InputError(f"the source already has a {name} split: leave out --{name}-fraction")
    train = np.flatnonzero(dataset.split == 0)
    if subjects is not None and (subjects != "").all():
        group = np.unique(subjects[train], return_inverse=True)[1]
        strata = [np.unique(group)]
    else:
        group, first = duplicates.exact(dataset.images[train])
        labels = dataset.labels[train[first]]
        strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    random = np.random.default_rng(seed)
    chosen = np.zeros(group.max(initial=-1) + 1, bool)
    for groups in strata:
        wanted = min(max(round(fraction * len(groups)), 1), len(groups) - 1)
        chosen[random.permutation(groups)[:wanted]] = True
    if not chosen.any():
        raise InputError(
            f"--{name}-fraction {fraction}: no class of train has two distinct images, of which "
            "one could be held out"
        )
    split = dataset.split.copy()
    split[train[chosen[group]]] = number
    return replace(dataset, split=split)
