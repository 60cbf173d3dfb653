"""Circular block bootstrap of a median, with the block length estimated from the data."""

import math

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Bootstrap repeats behind every bound."""


MIN_ROUNDS = 20
"""Fewer rounds do not show how they depend on each other, and so give no bound."""


MIN_BLOCKS = 5
"""A series is never cut into fewer blocks than this: their spread would be a guess."""


_CALLS_A_CHUNK = 500_000  # resampled values held at once: 4 MB


def block_medians(series: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Draw the median of a series of rounds by the circular block bootstrap.

    Neighboring rounds share what the machine was doing, so single draws would make the interval
    too narrow. Politis & Romano (1992): whole blocks of consecutive rounds are drawn, the series
    being closed to a circle.

    Args:
        series: float64 [n], in time order.
        seed: of the draws.

    Returns:
        float64 [RESAMPLES].
    """
    n, length = len(series), block_length(series)
    generator = np.random.default_rng(seed)
    starts = generator.integers(n, size=(RESAMPLES, math.ceil(n / length)))
    found = []
    for some in np.array_split(starts, math.ceil(RESAMPLES * n / _CALLS_A_CHUNK)):
        places = (some[:, :, None] + np.arange(length)) % n
        found.append(np.median(series[places.reshape(len(some), -1)[:, :n]], axis=1))
    return np.concatenate(found)


def blocks(series: NDArray[np.float64]) -> float:
    """Count the blocks that a series is cut into: its effective sample size, by a lower bound."""
    return len(series) / block_length(series)


def block_length(series: NDArray[np.float64]) -> int:
    """Choose how many consecutive rounds make a block, from how long the rounds stay alike.

    Politis & White (2004), with Patton, Politis & White (2009), for the circular bootstrap. A
    median depends on its data by whether each value is above it (Bahadur 1966), so the correlation
    is that of these signs, which no outlier upsets. A drift looks like long correlation and gives
    the longest block.

    Args:
        series: float64 [n], n >= MIN_ROUNDS.

    Returns:
        1 (independent rounds) to n / MIN_BLOCKS.
    """
    n = len(series)
    signs = np.sign(series - np.median(series))
    signs -= signs.mean()
    autocovariance = np.correlate(signs, signs, "full")[n - 1 :] / n
    if autocovariance[0] == 0:
        return 1
    reach = max(5, math.ceil(math.log10(n)))
    furthest = min(math.ceil(math.sqrt(n)) + reach, n - 1)
    small = np.abs(autocovariance / autocovariance[0]) < 2 * math.sqrt(math.log10(n) / n)
    # The lag after which `reach` correlations in a row are no larger than chance makes them.
    last = next((m for m in range(furthest) if small[m + 1 : m + 1 + reach].all()), furthest)
    window = min(2 * max(last, 1), furthest)
    lags = np.arange(1, window + 1)
    flat_top = np.minimum(1.0, 2 * (1 - lags / window)) * autocovariance[1 : window + 1]
    spectrum = autocovariance[0] + 2 * flat_top.sum()
    longest = n // MIN_BLOCKS
    if spectrum <= 0:  # rounds that alternate: drawing them one by one errs on the safe side
        return 1
    slope = 2 * (lags * flat_top).sum()
    best = (1.5 * (slope / spectrum) ** 2 * n) ** (1 / 3)
    return int(min(max(1, math.ceil(best)), longest))
