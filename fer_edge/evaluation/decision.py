"""The decision settings on a card: threshold of "uncertain", training prior, fusion."""

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
from fer_edge.evaluation import calibration

RIGHT = 0.8
"""Fraction of the answers above the threshold that must be correct on the val split."""


def describe(path: Path, head: str, train: Dataset, val: Dataset | None, exponent: float) -> Any:
    """The entry `decision` of a card.

    Args:
        path: finished model file.
        head: head that the file predicts.
        train: training data of the file.
        val: faces for choosing the threshold; None: no threshold.
        exponent: power of the prior that the file's head already divides by, 0..1.

    Returns:
        JSON: `prior` (label to frequency), `threshold` with its results on `val`, and `fusion`.
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
    found |= {"data_digest": val.digest} | threshold(probabilities, right[kept])
    return found | {"fusion": fusion(probabilities, right[kept])}


def prior(train: Dataset, head: str, classes: int) -> NDArray[np.float64]:
    """The frequency of each class in a head's training targets: float64 [classes], positive.

    For FER+ it is the mean distribution of the votes, on which that head is trained.
    """
    if head == "ferplus":
        distribution = ferplus.distribution(train.votes).astype(np.float64)
        counts = distribution.sum(axis=0)[:classes]
    else:
        counts = np.bincount(train.labels[train.labels >= 0], minlength=classes).astype(np.float64)
    counts = np.maximum(counts, 1)
    return np.asarray(counts / counts.sum(), np.float64)


def threshold(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> dict[str, Any]:
    """Find the smallest threshold, `THRESHOLD` or more, above which `RIGHT` of answers are right.

    Args:
        probabilities: probabilities 0..1, float32 [n, k].
        labels: correct classes, integers [n].

    Returns:
        `threshold`, `answered` (fraction of the faces) and `right` (fraction of the answers). If no
        threshold reaches `RIGHT`, it is the runner's default.
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


def fusion(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> dict[str, float]:
    """Weight of a model in the fusion of modalities, from its own val split.

    Args:
        probabilities: float32 [n, k].
        labels: integers [n], the correct classes.

    Returns:
        `temperature`, which fits the split best, and `weight`, 0..1: the share of the labels'
        entropy that the calibrated answers explain, 1 - loss / entropy (McFadden 1974's
        pseudo-R2); 0 for a model that says no more than the class shares do.
    """
    temperature = calibration.fit_temperature(probabilities, labels)
    scaled = calibration.apply_temperature(probabilities, temperature)
    chosen = np.maximum(scaled[np.arange(len(labels)), labels], 1e-9)
    loss = -float(np.log(chosen).mean())
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    entropy = -float((shares * np.log(shares)).sum())
    explained = 1 - loss / entropy if entropy > 0 else 0.0
    return {"weight": round(max(0.0, explained), 4), "temperature": round(temperature, 4)}
