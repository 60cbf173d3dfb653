"""Estimates the class prior of unlabeled faces.

Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
probabilities": expectation maximization over calibrated probabilities. Plain EM is unstable: if the
probabilities are slightly too flat, it assigns almost all faces to a class that is rare in
training. Maximum a posteriori estimation with a Dirichlet prior prevents that (Sulc and Matas
2019). The prior has one pseudo-count per face, distributed as the classes in training, so that no
class falls below half of its training share.
"""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-7
MOST_STEPS = 5000


def estimate(
    probabilities: NDArray[np.floating], trained: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Estimate the class prior.

    Args:
        probabilities: float [n, k], calibrated under the training prior.
        trained: float [k], training prior, positive, summing to 1.

    Returns:
        float64 [k], positive, summing to 1.
    """
    answers = np.asarray(probabilities, np.float64)
    start = np.asarray(trained, np.float64)
    prior = start
    for _ in range(MOST_STEPS):
        weighted = answers * (prior / start)
        weighted /= weighted.sum(axis=1, keepdims=True)
        new = (weighted.mean(axis=0) + start) / 2
        if np.abs(new - prior).max() < TOLERANCE:
            return np.asarray(new / new.sum(), np.float64)
        prior = new
    return np.asarray(prior / prior.sum(), np.float64)


def likelihood_gains(
    probabilities: NDArray[np.floating],
    trained: NDArray[np.floating],
    estimated: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return the log-likelihood ratio of each face under the new prior versus the old one.

    Args:
        probabilities: float [n, k], calibrated under the training prior.
        trained: float [k], training prior.
        estimated: float [k], prior estimated on other faces.

    Returns:
        float64 [n], nats.
    """
    return np.log(np.asarray(probabilities, np.float64) @ (np.asarray(estimated) / trained))
