"""Class priors from unlabeled faces: they follow the faces, and do not collapse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.adaptation import prior

TRAINED = np.array([0.5, 0.3, 0.19, 0.01])


def answers(shares: np.ndarray, n: int, distance: float, seed: int = 0) -> np.ndarray:
    """Calibrated probabilities, for the prior TRAINED, of faces with other shares."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), n, p=shares)
    seen = rng.normal(size=(n, len(shares)))
    seen[np.arange(n), labels] += distance
    joint = np.exp(distance * seen) * TRAINED
    return joint / joint.sum(axis=1, keepdims=True)


def test_the_estimate_goes_half_way_to_the_shares_of_the_faces() -> None:
    here = np.array([0.1, 0.1, 0.7, 0.1])
    found = prior.estimate(answers(here, 4000, 3.0), TRAINED)
    assert np.abs(found - (here + TRAINED) / 2).max() < 0.05
    gains = prior.likelihood_gains(answers(here, 1000, 3.0, seed=1), TRAINED, found)
    assert gains.mean() > 0.1


def test_faces_like_those_of_training_change_next_to_nothing() -> None:
    found = prior.estimate(answers(TRAINED, 4000, 2.0), TRAINED)
    assert np.abs(found - TRAINED).max() < 0.02
    assert abs(prior.likelihood_gains(answers(TRAINED, 1000, 2.0), TRAINED, found).mean()) < 0.01


@given(n=st.integers(1, 60), flatness=st.floats(0.01, 10), seed=st.integers(0, 1000))
def test_no_share_falls_below_half_and_a_rare_class_does_not_take_over(
    n: int, flatness: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(size=(n, 4)) / flatness
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = prior.estimate(powers / powers.sum(axis=1, keepdims=True), TRAINED)
    assert found.sum() == pytest.approx(1)
    assert (found >= TRAINED / 2 - 1e-6).all()
    assert found[3] <= 0.51
