"""Confidence interval of a proportion."""

import numpy as np

Z_95 = 1.959963984540054
"""97.5 % quantile of the normal distribution, for a two-sided interval of 95 %."""


def wilson(right: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Compute the score interval of a proportion (Wilson 1927).

    Args:
        right: number of successes, 0..n.
        n: number of trials, at least 1.
        z: quantile of the normal distribution for the confidence.

    Returns:
        (low, high), fractions of 1.
    """
    p = right / n
    center = p + z * z / (2 * n)
    spread = z * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    # Rounding may push the ends past 0, 1 or the proportion itself.
    return max(0.0, min(p, (center - spread) / scale)), min(1.0, max(p, (center + spread) / scale))
