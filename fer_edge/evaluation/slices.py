"""Top-1 on subsets of a data set: by appearance, agreement of voters, class and attribute."""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.bootstrap import cluster_interval
from benchmarks.stats.proportion import wilson
from device.faces.detector import Detector, open_detector
from fer_edge.evaluation.types import Slice

SMALL = 50
"""Minimum number of images of a slice to be compared with others."""

FEW_SUBJECTS = 10
"""Minimum number of subjects of such a slice, if they are known."""

MOST_VALUES = 12
"""Maximum number of values of an attribute; rarer values are omitted, numbers are divided into
quarters."""

_QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def slices(
    faces: NDArray[np.uint8],
    right: NDArray[np.bool_],
    labels: NDArray[np.integer],
    names: list[str],
    votes: NDArray[np.integer] | None,
    leaked: NDArray[np.bool_] | None,
    sizes: NDArray[np.float64],
    attributes: Mapping[str, NDArray[np.str_]] | None = None,
    subjects: NDArray[np.str_] | None = None,
) -> list[Slice]:
    """Divide the images by appearance and by labeling.

    Args:
        faces: faces, uint8 [n, 48, 48].
        right: whether the model's prediction is correct, bool [n].
        labels: correct classes as indices into `names`, integers [n].
        names: labels of the model.
        votes: FER+ votes, integers [n, 10]; None if there are none.
        leaked: whether an image also occurs in the training split, bool [n]; None if unknown.
        sizes: relative face sizes from `face_sizes`, float64 [n].
        attributes: values of each attribute of the images or subjects, str [n] by attribute name.
        subjects: subject of each image, str [n]; None if unknown.
    """
    found = []

    def add(attribute: str, value: str, members: NDArray[np.bool_]) -> None:
        if members.any():
            people = None if subjects is None else subjects[members]
            found.append(_slice(attribute, value, right[members], people))

    for attribute, values in _attributes(faces, votes):
        for i, quarter in enumerate(_quarters(values)):
            add(attribute, _QUARTERS[i], quarter)
    seen = ~np.isnan(sizes)
    if seen.any():
        for i, quarter in enumerate(_quarters(sizes)):
            add("face size", _QUARTERS[i], quarter)
    add("face size", "no face found", ~seen)
    if leaked is not None:
        add("leaked", "also in training", leaked)
        add("leaked", "not in training", ~leaked)
    for i, name in enumerate(names):
        add("class", name, labels == i)
    for attribute, texts in (attributes or {}).items():
        for value, members in _values(texts):
            add(attribute, value, members)
    return found


def _quarters(values: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """The four quarters of the images; images with a NaN value are in none."""
    edges = np.nanquantile(values, (0.25, 0.5, 0.75))
    quarters = np.searchsorted(edges, values, side="left")
    return [(quarters == i) & ~np.isnan(values) for i in range(4)]


def _values(texts: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The values of an attribute and the images of each; numbers are divided into quarters."""
    values, counts = np.unique(texts[texts != ""], return_counts=True)
    if len(values) > MOST_VALUES and (texts != "").all():
        try:
            numbers = texts.astype(np.float64)
        except ValueError:
            numbers = np.empty(0)
        if len(numbers) and np.isfinite(numbers).all():
            yield from zip(_QUARTERS, _quarters(numbers), strict=True)
            return
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])
    for value in values[frequent]:
        yield str(value), texts == value


def face_sizes(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Side of the face that Haar finds in each crop, as a fraction of the crop's side: float64 [n].

    NaN if no face is found: profiles, covered faces, drawings and images without a face.

    Args:
        faces: face crops, uint8 [n, 48, 48].
    """
    detector = open_detector("haar")
    return np.array([_face_size(face, detector) for face in faces], np.float64)


def _face_size(face: NDArray[np.uint8], detector: Detector) -> float:
    """Find a face in a crop; the detector needs more pixels and some margin around the face."""
    side = len(face)
    room = side // 2
    framed = cv2.copyMakeBorder(face, room, room, room, room, cv2.BORDER_REPLICATE)
    found = detector.find(np.asarray(cv2.resize(framed, (4 * side, 4 * side)), np.uint8))
    return found[0].box.w / 2 / side if found else float("nan")


def _attributes(
    faces: NDArray[np.uint8], votes: NDArray[np.integer] | None
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    yield "sharpness", np.array([cv2.Laplacian(f, cv2.CV_64F).var() for f in faces])
    yield "brightness", faces.mean(axis=(1, 2))
    yield "contrast", faces.std(axis=(1, 2))
    if votes is not None and votes.any():
        yield "agreement of voters", votes.max(axis=1) / np.maximum(votes.sum(axis=1), 1)


def _slice(
    attribute: str, value: str, right: NDArray[np.bool_], subjects: NDArray[np.str_] | None
) -> Slice:
    n, count = len(right), None if subjects is None else len(np.unique(subjects))
    small = n < SMALL or (count is not None and count < FEW_SUBJECTS)
    return Slice(attribute, value, n, float(right.mean()), interval(right, subjects), small, count)


def interval(right: NDArray[np.bool_], subjects: NDArray[np.str_] | None) -> list[float]:
    """95 % interval of top-1: a cluster bootstrap over subjects if they are known, else Wilson's.

    Args:
        right: whether each prediction is correct, bool [n], n > 0.
        subjects: subject of each image, str [n]; None if unknown.
    """
    if subjects is not None:
        return cluster_interval(right, subjects)
    return list(wilson(int(right.sum()), len(right)))
