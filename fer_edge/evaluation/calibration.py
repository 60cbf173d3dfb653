"""Reliability, temperature scaling and selective classification, from probabilities and labels."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics.accuracy import ECE_BINS, calibration_error
from fer_edge.evaluation.types import Bin, Calibration, Coverage

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(20))


def calibration(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> Calibration:
    """Measure calibration.

    Args:
        probabilities: probabilities 0..1, float32 [n, k], n > 0.
        labels: correct classes, integers [n] in 0..k-1.
    """
    temperature = fit_temperature(probabilities, labels)
    scaled = apply_temperature(probabilities, temperature)
    return Calibration(
        ece=calibration_error(probabilities, labels),
        temperature=temperature,
        ece_scaled=calibration_error(scaled, labels),
        bins=reliability(probabilities, labels),
        coverage=coverage(probabilities, labels),
    )


def reliability(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> list[Bin]:
    """Mean confidence and accuracy in equal-width confidence bins, closed on the right."""
    confidence = np.minimum(probabilities.max(axis=1).astype(np.float64), 1.0)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    return [
        Bin(float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for i in range(ECE_BINS)
        if (inside := bin_of == i).any()
    ]


def coverage(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> list[Coverage]:
    """Fraction of images whose confidence reaches each threshold, and top-1 on them."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return [
        Coverage(threshold, float(answered.mean()), float(right[answered].mean()))
        for threshold in THRESHOLDS
        if (answered := confidence >= threshold).any()
    ]


def apply_temperature(
    probabilities: NDArray[np.float32], temperature: float
) -> NDArray[np.float32]:
    """Divide the log-probabilities by a temperature and normalize: float32 [n, k]."""
    logits = _log(probabilities) / temperature
    values = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32)


def fit_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.integer]) -> float:
    """Find the temperature with the lowest negative log-likelihood (Guo et al. 2017).

    Uses golden-section search.

    Probabilities of 0, which occur in int8 files, are replaced by half an output step, 1/512.
    """
    logits = _log(probabilities)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        top = scaled.max(axis=1)
        norm = top + np.log(np.exp(scaled - top[:, np.newaxis]).sum(axis=1))
        return float((norm - scaled[rows, labels]).mean())

    low, high, ratio = np.log(0.2), np.log(5.0), (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def _log(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), 1 / 512))
