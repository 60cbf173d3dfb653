"""What a card tells the runner: the threshold of "uncertain" and the training prior."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from device.model.card import THRESHOLD
from device.model.classifier import Classifier
from fer_edge.data import evaluation_faces, ferplus
from fer_edge.data.dataset import Dataset

RIGHT = 0.8
"""Share of the answers above the threshold that must be right on the val split."""


def describe(path: Path, head: str, train: Dataset, val: Dataset | None, exponent: float) -> Any:
    """The entry `decision` of a card.

    Args:
        path: the finished file.
        head: the head that it answers for.
        train: what it was trained on.
        val: the faces that choose the threshold; None leaves it out.
        exponent: how much of the prior the file's head has divided out already, 0..1.

    Returns:
        JSON: `prior` (label to share), and `threshold` with what it gives on `val`.
    """
    classifier = Classifier(path)
    labels = classifier.labels
    shares = prior(train, head, len(labels)) ** (1 - exponent)
    found: dict[str, Any] = {
        "prior": dict(zip(labels, (shares / shares.sum()).round(6).tolist(), strict=True))
    }
    right = None if val is None else evaluation_faces.labels_by_head(val).get(head)
    if val is None or right is None or not (right >= 0).any():
        return found
    kept = right >= 0
    probabilities = accuracy.predict(classifier, val.images[kept])
    return found | {"data_digest": val.digest} | threshold(probabilities, right[kept])


def prior(train: Dataset, head: str, classes: int) -> NDArray[np.float64]:
    """The share of each class among a head's training targets: float64 [classes], positive.

    FER+'s are the mean distribution of the votes, which that head is trained on.
    """
    if head == "ferplus":
        distribution = ferplus.distribution(train.votes).astype(np.float64)
        counts = distribution.sum(axis=0)[:classes]
    else:
        counts = np.bincount(train.labels[train.labels >= 0], minlength=classes).astype(np.float64)
    counts = np.maximum(counts, 1)
    return np.asarray(counts / counts.sum(), np.float64)


def threshold(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> dict[str, Any]:
    """The smallest threshold, `THRESHOLD` or more, above which `RIGHT` of the answers are right.

    Args:
        probabilities: float32 [n, k].
        labels: integers [n], the correct classes.

    Returns:
        `threshold`, `answered` (share of the faces) and `right` (share of the answers). Where no
        threshold reaches `RIGHT`, it is that of the runner without a card.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels

    def at(value: float) -> dict[str, Any]:
        answered = confidence >= value
        share = float(right[answered].mean()) if answered.any() else 0.0
        return {
            "threshold": round(value, 2),
            "answered": round(float(answered.mean()), 4),
            "right": round(share, 4),
        }

    values: Sequence[float] = np.arange(THRESHOLD, 1, 0.01).tolist()
    return next((one for one in map(at, values) if one["right"] >= RIGHT), at(THRESHOLD))
