"""A figure with its confidence interval."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A figure with its one-sided bounds.

    Attributes:
        value: the figure.
        low: lower bound; equal to the value if there is no noise.
        high: upper bound; equal to the value if there is no noise.
    """

    value: float
    low: float
    high: float


def exactly(value: float) -> Estimate:
    """Return a figure that has no noise, such as the size of a file."""
    return Estimate(value, value, value)


def from_draws(
    value: float,
    draws: NDArray[np.float64],
    *,
    confidence: float,
    blocks: float,
    transform: Callable[[float], float],
) -> Estimate:
    """Compute bounds from bootstrap draws: their percentiles, widened if there are few blocks.

    Args:
        value: the statistic.
        draws: float64 [resamples], the resampled statistic.
        confidence: confidence of each bound, 0.5 to 1.
        blocks: effective sample size; the interval is widened as Student's t with one degree of
            freedom less is wider than the normal distribution.
        transform: increasing function from the statistic to the figure, such as `math.exp`.
    """
    widen = student(confidence, blocks - 1) / NormalDist().inv_cdf(confidence)
    low, high = np.quantile(draws, (1 - confidence, confidence))
    return Estimate(
        transform(value),
        transform(value + widen * min(0.0, float(low) - value)),
        transform(value + widen * max(0.0, float(high) - value)),
    )


def student(confidence: float, freedom: float) -> float:
    """Approximate the quantile of Student's t (Abramowitz & Stegun 1964, 26.7.5).

    Implemented here because SciPy is not a dependency on a Raspberry Pi; tests compare with it.

    Args:
        confidence: probability of the quantile, 0.5 to 1.
        freedom: degrees of freedom, at least 3; the error is below 1 % for 95 %.
    """
    z = NormalDist().inv_cdf(confidence)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
