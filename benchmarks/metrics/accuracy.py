"""Accuracy figures with their uncertainty, from probabilities and labels."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.protocol import LEFT_OUT, Classify
from benchmarks.stats.bootstrap import cluster_interval
from benchmarks.stats.proportion import wilson

if TYPE_CHECKING:
    from benchmarks.results.types import Accuracy

ECE_BINS = 15
"""Number of bins of the calibration error, as in Guo et al. 2017."""


def predict(classifier: Classify, images: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Classify images one by one: single crop, no test-time augmentation.

    Args:
        classifier: a `device.model.classifier.Classifier`, or any callable with its signature.
        images: uint8 [n, 48, 48], n > 0, gray 0..255.

    Returns:
        float32 [n, k], probabilities of the k labels.
    """
    # The classifier reuses its output buffer, so each row is copied before the next call.
    return np.stack([np.array(classifier(image), np.float32) for image in images])


def weighted(
    probabilities: NDArray[np.float32], weights: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Multiply the probabilities of each class by a factor and normalize each row.

    Args:
        probabilities: float32 [n, k].
        weights: float32 [k], positive, as from `device.model.prior.weights`; None for no change.

    Returns:
        float32 [n, k]; rows with sum 1, unless `weights` is None.
    """
    if weights is None:
        return probabilities
    found = probabilities * weights
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12), np.float32)


def metrics(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.integer],
    names: Sequence[str],
    subjects: NDArray[np.str_] | None = None,
) -> "Accuracy":
    """Compute all accuracy figures of one model on one set of images.

    A class that is never predicted has precision 0, a class without images has recall 0, and F1 is
    0 if both hold. Macro averages are over the classes that have images.

    Args:
        probabilities: float32 [n, k].
        labels: integers [n] in 0..k-1; rows with -1 are left out.
        names: the k labels.
        subjects: str [n], the person on each image; the interval of top-1 then draws whole
            persons (cluster bootstrap). None if unknown: Wilson's interval.

    Returns:
        The `accuracy` block of `results.json`; rates are fractions of 1.

    Raises:
        ValueError: no row has a label, or the shapes do not match.
    """
    if probabilities.shape != (len(labels), len(names)):
        raise ValueError(
            f"{probabilities.shape} probabilities for {len(labels)} images and {len(names)} labels"
        )
    kept = labels != LEFT_OUT
    probabilities, labels = probabilities[kept], labels[kept]
    if not len(labels):
        raise ValueError("no image has a label")
    counts = confusion(labels, probabilities.argmax(axis=1), len(names))
    right, n = int(np.trace(counts)), len(labels)
    precision, recall, f1 = per_class(counts)
    support = counts.sum(axis=1)
    found: Accuracy = {
        "kind": "measured",
        "n": n,
        "top1": right / n,
        "top1_ci95": list(wilson(right, n)),
        "macro_precision": float(precision[support > 0].mean()),
        "macro_recall": float(recall[support > 0].mean()),
        "macro_f1": float(f1[support > 0].mean()),
        "ece": calibration_error(probabilities, labels),
        "classes": [
            {
                "label": name,
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(names)
        ],
        "confusion": counts.tolist(),
    }
    if subjects is not None:
        people = subjects[kept]
        found["top1_ci95"] = cluster_interval(probabilities.argmax(axis=1) == labels, people)
        found["subjects"] = len(np.unique(people))
    return found


def confusion(
    truth: NDArray[np.integer], predicted: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """Count images by true class (row) and predicted class (column).

    Args:
        truth: integers [n] in 0..classes-1.
        predicted: integers [n] in 0..classes-1.
        classes: number of classes.

    Returns:
        int64 [classes, classes].
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def per_class(
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute precision, recall and F1 of each class.

    Args:
        counts: int64 [..., k, k], confusion matrices with the true class in the rows.

    Returns:
        Three float64 [..., k].
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    predicted, support = counts.sum(axis=-2), counts.sum(axis=-1)
    # F1 = 2 TP / (predicted + support) needs no second convention for precision + recall = 0.
    return (
        _share(hits, predicted),
        _share(hits, support),
        _share(2 * hits, predicted + support),
    )


def _share(part: NDArray[np.float64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], bins: int = ECE_BINS
) -> float:
    """Compute the expected calibration error (Guo et al. 2017, bins of equal width).

    It is the mean distance between confidence (the largest probability) and accuracy over the bins
    of confidence, weighted by the share of images in each bin.

    Args:
        probabilities: float32 [n, k], n > 0.
        labels: integers [n] in 0..k-1.
        bins: number of bins of 0..1, each closed on the right.

    Returns:
        0 (confidence equals accuracy in every bin) to 1.
    """
    return confidence_error(
        probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, bins=bins
    )


def confidence_error(
    confidence: NDArray[np.floating],
    right: NDArray[np.bool_] | NDArray[np.floating],
    bins: int = ECE_BINS,
) -> float:
    """Compute the calibration error of confidences against what they predict.

    Args:
        confidence: the largest probability of each image, floats [n], n > 0.
        right: whether the label is right, or the share of people who give it, 0..1 [n].
        bins: number of bins of 0..1, each closed on the right.

    Returns:
        0 (confidence equals the mean of `right` in every bin) to 1.
    """
    confidence = np.minimum(confidence.astype(np.float64), 1.0)
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    surplus = np.bincount(bin_of, weights=confidence - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))
