"""Top-1 on parts of a data set: by what the images look like and how they were labeled."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.proportion import wilson
from device.faces.detector import Detector, open_detector
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
    sizes: NDArray[np.float64],
) -> list[Slice]:
    """Divide the images by what they look like and by how they were labeled.

    Args:
        faces: uint8 [n, 48, 48].
        right: bool [n], whether the model's answer is correct.
        labels: integers [n], indices into `names`.
        names: the model's labels.
        votes: integers [n, 10], FER+ votes; None if there are none.
        leaked: bool [n], whether an image stands in the training split, too; None if unknown.
        sizes: float64 [n], see `face_sizes`.
    """
    found = []
    for attribute, values in _attributes(faces, votes):
        found += _quarters(attribute, values, right)
    seen = ~np.isnan(sizes)
    found += _quarters("face size", sizes[seen], right[seen])
    found.append(_slice("face size", "no face found", right[~seen]))
    if leaked is not None:
        found.append(_slice("leaked", "also in training", right[leaked]))
        found.append(_slice("leaked", "not in training", right[~leaked]))
    found += [_slice("class", name, right[labels == i]) for i, name in enumerate(names)]
    return [one for one in found if one.n]


def face_sizes(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Side of the face that Haar finds in each crop, as a fraction of the crop's: float64 [n].

    NaN where it finds none: profiles, covered faces, drawings and pictures without a face.

    Args:
        faces: uint8 [n, 48, 48].
    """
    detector = open_detector("haar")
    return np.array([_face_size(face, detector) for face in faces], np.float64)


def _face_size(face: NDArray[np.uint8], detector: Detector) -> float:
    """The detector wants more pixels, and some room around a face that fills the crop."""
    side = len(face)
    room = side // 2
    framed = cv2.copyMakeBorder(face, room, room, room, room, cv2.BORDER_REPLICATE)
    found = detector.find(np.asarray(cv2.resize(framed, (4 * side, 4 * side)), np.uint8))
    return found[0].box.w / 2 / side if found else float("nan")


def _quarters(attribute: str, values: NDArray[np.float64], right: NDArray[np.bool_]) -> list[Slice]:
    if not len(values):
        return []
    quarters = np.searchsorted(np.quantile(values, (0.25, 0.5, 0.75)), values, side="left")
    return [_slice(attribute, _QUARTERS[i], right[quarters == i]) for i in range(4)]


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
