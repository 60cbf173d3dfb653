"""A figure with its confidence interval."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A figure with its one-sided bounds; without noise the three are the same."""

    value: float
    low: float
    high: float


def exactly(value: float) -> Estimate:
    """Give a figure that has no noise, as a file's size."""
    return Estimate(value, value, value)


def _bounds(
    value: float,
    draws: NDArray[np.float64],
    confidence: float,
    count: float,
    show: Callable[[float], float],
) -> Estimate:
    """Take the percentiles of the draws, spread as Student's t is where there are few blocks."""
    widen = student(confidence, count - 1) / NormalDist().inv_cdf(confidence)
    low, high = np.quantile(draws, (1 - confidence, confidence))
    return Estimate(
        show(value),
        show(value + widen * min(0.0, float(low) - value)),
        show(value + widen * max(0.0, float(high) - value)),
    )


def student(confidence: float, freedom: float) -> float:
    """Approximate the quantile of Student's t (Abramowitz & Stegun 1964, 26.7.5).

    Args:
        confidence: 0.5 to 1.
        freedom: degrees of freedom, at least 3; the error is below 1 % for 95 %.
    """
    z = NormalDist().inv_cdf(confidence)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
