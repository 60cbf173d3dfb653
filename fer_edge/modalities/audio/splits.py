"""Splits by speaker: the training and test speakers of a fold are disjoint."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError


@dataclass(frozen=True)
class Fold:
    """Recording indices of one fold.

    Attributes:
        train: int64, recordings of the training speakers.
        test: int64, recordings of the held-out speakers.
        speakers: held-out speakers.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    speakers: tuple[str, ...]


def by_speaker(speakers: NDArray[np.str_], count: int) -> list[Fold]:
    """Create folds in which each speaker is held out once.

    Args:
        speakers: str [recordings].
        count: number of folds; at most one per speaker is made.

    Returns:
        The folds. Every recording is in the test set of exactly one.

    Raises:
        InputError: there is only one speaker.
    """
    names = np.unique(speakers)
    if len(names) < 2:
        raise InputError(
            f"all recordings are of one speaker ({names[0]}): the evaluation needs at least two, "
            "because it uses speakers that are not in training"
        )
    count = min(count, len(names))
    folds = list(_folds(speakers, names, count))
    check_disjoint(speakers, folds)
    return folds


def check_disjoint(speakers: NDArray[np.str_], folds: list[Fold]) -> None:
    """Check that the training and test speakers of each fold are disjoint.

    Raises:
        InputError: they are not, or a recording is not tested exactly once.
    """
    for fold in folds:
        both = set(speakers[fold.train].tolist()) & set(speakers[fold.test].tolist())
        if both:
            raise InputError(f"speakers {', '.join(sorted(both))} are in training and test")
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    if not np.array_equal(tested, np.arange(len(speakers))):
        raise InputError("a recording is not in the test set of exactly one fold")


def _folds(speakers: NDArray[np.str_], names: NDArray[np.str_], count: int) -> Iterator[Fold]:
    for number in range(count):
        left_out = names[number::count]
        test = np.isin(speakers, left_out)
        yield Fold(np.flatnonzero(~test), np.flatnonzero(test), tuple(left_out.tolist()))
