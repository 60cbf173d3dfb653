"""Calibration: temperature, reliability, coverage."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.evaluation.calibration import (
    apply_temperature,
    calibration,
    coverage,
    fit_temperature,
    reliability,
)


def draw(temperature: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Labels sampled from logits, and the probabilities of a model that scales these."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 1.5, (n, 5))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in true])
    told = np.exp(logits * temperature)
    return (told / told.sum(axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize("over_confidence", [0.6, 1.0, 1.6])
def test_the_temperature_undoes_over_and_under_confidence(over_confidence) -> None:
    probabilities, labels = draw(over_confidence)
    assert fit_temperature(probabilities, labels) == pytest.approx(over_confidence, rel=0.12)
    found = calibration(probabilities, labels)
    assert found.ece_scaled < 0.03
    if over_confidence != 1.0:
        assert found.ece > 0.05


def test_a_bin_tells_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]], np.float32)
    low, high = reliability(probabilities, np.array([0, 1, 0]))
    assert (low.n, low.accuracy) == (1, 1.0) and low.confidence == pytest.approx(0.6)
    assert (high.n, high.accuracy) == (2, 0.5)


def test_coverage_falls_with_the_threshold() -> None:
    probabilities, labels = draw(1.0)
    points = coverage(probabilities, labels)
    assert points[0].coverage == 1.0
    assert all(a.coverage >= b.coverage for a, b in itertools.pairwise(points))
    assert points[-1].top1 > points[0].top1


@given(st.floats(0.2, 5))
def test_a_temperature_keeps_the_answer_and_the_sum(temperature: float) -> None:
    probabilities, _ = draw(1.0, 50)
    scaled = apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
