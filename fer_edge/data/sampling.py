"""Parts of a set: splits held out of train, and smaller sets of the same make-up."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.errors import InputError
from fer_edge.data import duplicates
from fer_edge.data.dataset import SPLITS, Dataset


def spread(
    split: ArrayLike, labels: ArrayLike, limit: int | None, seed: int = 0
) -> NDArray[np.int64]:
    """Choose images, the same share of each class of each split but at least one.

    Args:
        split: split number of each image.
        labels: label of each image.
        limit: number of images to choose; a few more where classes are many; None for all.
        seed: RNG seed.

    Returns:
        Ascending positions.
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
    """Make a part of train val or test: the same share of every class, copies kept together.

    Of a class with two images or more at least one is held out and at least one stays.

    Args:
        dataset: a set without that split.
        name: name of the split.
        fraction: share of the different images of each class, between 0 and 1.
        seed: RNG seed.
        subjects: person on each image; whole persons are held out then, whatever their classes.

    Raises:
        InputError: there is such a split already, or too few images.
    """
    number = SPLITS.index(name)
    if (dataset.split == number).any():
        raise InputError(f"the source has a {name} split already: leave --{name}-fraction away")
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
            f"--{name}-fraction {fraction}: no class of train has two different images, of which "
            "one could be held out"
        )
    split = dataset.split.copy()
    split[train[chosen[group]]] = number
    return replace(dataset, split=split)
