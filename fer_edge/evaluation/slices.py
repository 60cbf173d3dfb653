"""Top-1 on parts of a data set: by sharpness, brightness, contrast, voters' agreement, class."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.proportion import wilson
from fer_edge.evaluation.document import Slice

SMALL = 50
"""Fewest images of a slice that is compared with others."""

_QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def slices(
    faces: NDArray[np.uint8],
    right: NDArray[np.bool_],
    labels: NDArray[np.integer],
    names: list[str],
    votes: NDArray[np.integer] | None,
    leaked: NDArray[np.bool_] | None,
) -> list[Slice]:
    """Divide the images by what they look like and by how they were labeled.

    Args:
        faces: uint8 [n, 48, 48].
        right: bool [n], whether the model's answer is correct.
        labels: integers [n], indices into `names`.
        names: the model's labels.
        votes: integers [n, 10], FER+ votes; None if there are none.
        leaked: bool [n], whether an image stands in the training split, too; None if unknown.
    """
    found = []
    for attribute, values in _attributes(faces, votes):
        quarters = np.searchsorted(np.quantile(values, (0.25, 0.5, 0.75)), values, side="left")
        found += [_slice(attribute, _QUARTERS[i], right[quarters == i]) for i in range(4)]
    if leaked is not None:
        found.append(_slice("leaked", "also in training", right[leaked]))
        found.append(_slice("leaked", "not in training", right[~leaked]))
    found += [_slice("class", name, right[labels == i]) for i, name in enumerate(names)]
    return [one for one in found if one.n]


def _attributes(
    faces: NDArray[np.uint8], votes: NDArray[np.integer] | None
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    yield "sharpness", np.array([cv2.Laplacian(f, cv2.CV_64F).var() for f in faces])
    yield "brightness", faces.mean(axis=(1, 2))
    yield "contrast", faces.std(axis=(1, 2))
    if votes is not None and votes.any():
        yield "agreement of voters", votes.max(axis=1) / np.maximum(votes.sum(axis=1), 1)


def _slice(attribute: str, value: str, right: NDArray[np.bool_]) -> Slice:
    n, hits = len(right), int(right.sum())
    if not n:
        return Slice(attribute, value, 0, 0.0, [0.0, 1.0], True)
    return Slice(attribute, value, n, hits / n, list(wilson(hits, n)), n < SMALL)
