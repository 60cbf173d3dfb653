"""Bootstrap of medians over rounds, and of counts over images.

Rounds that follow each other are alike, because they share what else the machine was doing. Drawing
single rounds would make the interval too narrow, so blocks of consecutive rounds are drawn: the
circular block bootstrap (Politis & Romano 1992), with the block length estimated from the data.
`arch` has the same method; it is not used because it needs pandas, SciPy and statsmodels, which
are too much for a Raspberry Pi. The tests compare with it.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.proportion import wilson

RESAMPLES = 2000
"""Number of bootstrap resamples."""

MIN_ROUNDS = 20
"""Number of rounds below which the block length cannot be estimated."""

MIN_BLOCKS = 5
"""Least number of blocks in a series; the spread of fewer would be a guess."""

_VALUES_AT_ONCE = 1_000_000  # resampled values in memory: 8 MB


def resampled_rows(
    series: NDArray[np.float64], *, per_row: int = 1, seed: int = 0
) -> Iterator[NDArray[np.intp]]:
    """Draw the rows of a series by the circular block bootstrap.

    Args:
        series: float64 [n], one value for each row, in time order; gives the block length.
        per_row: number of values in a row, which bounds the size of the chunks.
        seed: RNG seed.

    Yields:
        Row numbers [chunk, n]; RESAMPLES in total. Nothing for n < 2, which has no spread.
    """
    n = len(series)
    if n < 2:
        return
    length = block_length(series)
    starts = np.random.default_rng(seed).integers(n, size=(RESAMPLES, math.ceil(n / length)))
    for some in np.array_split(starts, math.ceil(RESAMPLES * n * per_row / _VALUES_AT_ONCE)):
        rows = (some[:, :, None] + np.arange(length)) % n
        yield rows.reshape(len(some), -1)[:, :n]


def medians(series: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Resample the median of a series.

    Args:
        series: float64 [n], in time order, n >= 2.
        seed: RNG seed.

    Returns:
        float64 [RESAMPLES].
    """
    rows = resampled_rows(series, seed=seed)
    return np.concatenate([np.median(series[some], axis=1) for some in rows])


def median_interval(series: NDArray[np.float64], seed: int = 0) -> list[float] | None:
    """Compute the two-sided 95 % interval of the median of a series (percentile method).

    Args:
        series: float64 [n], in time order.
        seed: RNG seed.

    Returns:
        [low, high], or None for a single value.
    """
    return intervals(medians(series, seed)[:, None])[0] if len(series) > 1 else None


def intervals(draws: NDArray[np.float64]) -> list[list[float]]:
    """Compute the two-sided 95 % interval of each column of draws (percentile method).

    Args:
        draws: float64 [resamples, columns].

    Returns:
        [low, high] for each column.
    """
    found: list[list[float]] = np.percentile(draws, (2.5, 97.5), axis=0).T.tolist()
    return found


def resampled_counts(counts: NDArray[np.integer], seed: int = 0) -> NDArray[np.int64]:
    """Resample a table of counts, as by drawing the counted items with replacement.

    Args:
        counts: integers of any shape, sum above 0.
        seed: RNG seed.

    Returns:
        int64 [RESAMPLES, *shape of counts]; each table has the same sum.
    """
    total = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(total, counts.ravel() / total, size=RESAMPLES)
    return draws.reshape(RESAMPLES, *counts.shape)


def cluster_interval(
    right: NDArray[np.bool_], groups: NDArray[np.str_], seed: int = 0
) -> list[float]:
    """Compute the 95 % interval of a rate by drawing groups of images whole (cluster bootstrap).

    Images of one person are alike; drawing them one by one would make the interval too narrow
    (Field & Welsh 2007). Where all images are right, or all wrong, resampling has no spread: then
    each group counts as one trial of a Wilson interval.

    Args:
        right: bool [n], n > 0, the successes.
        groups: str [n], the group of each image.
        seed: RNG seed.

    Returns:
        [low, high], fractions of 1.
    """
    group = np.unique(groups, return_inverse=True)[1]
    hits, sizes = np.bincount(group, weights=right), np.bincount(group)
    count = len(sizes)
    if count < 2:
        return [0.0, 1.0]
    if right.all() or not right.any():
        return list(wilson(count * int(right.all()), count))
    random = np.random.default_rng(seed)
    draws = (random.integers(count, size=count) for _ in range(RESAMPLES))
    rates = np.array([hits[drawn].sum() / sizes[drawn].sum() for drawn in draws])
    return intervals(rates[:, None])[0]


def paired_interval(differences: NDArray[np.floating], seed: int = 0) -> list[float]:
    """Compute the 95 % interval of the mean of paired differences, by drawing images.

    Args:
        differences: float [n], n > 0, one value for each image: after minus before.
        seed: RNG seed.

    Returns:
        [low, high].
    """
    values, counts = np.unique(np.asarray(differences, np.float64), return_counts=True)
    draws = resampled_counts(counts, seed) @ values / len(differences)
    return intervals(draws[:, None])[0]


def blocks(series: NDArray[np.float64]) -> float:
    """Number of blocks in a series; a lower bound of its effective sample size."""
    return len(series) / block_length(series)


def block_length(series: NDArray[np.float64]) -> int:
    """Estimate the block length from the autocorrelation of a series.

    Politis & White (2004), corrected by Patton, Politis & White (2009), for the circular bootstrap.
    The autocorrelation is that of the signs around the median, because the median depends on its
    data through these signs (Bahadur 1966) and outliers do not affect them. A drift looks like a
    long autocorrelation and gives the longest block.

    Args:
        series: float64 [n], in time order.

    Returns:
        1 (independent rounds) to n / MIN_BLOCKS; 1 for fewer than MIN_ROUNDS rounds.
    """
    if len(series) < MIN_ROUNDS:
        return 1
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
