"""How far two measurements differ, with an interval that noise between rounds does not fool.

A bound here is one-sided: with 95 % confidence the true value is not below `low`, and likewise not
above `high`. Both together are an interval of 90 %.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics.accuracy import per_class, wilson

RESAMPLES = 2000
"""Bootstrap repeats behind every bound."""

MIN_ROUNDS = 20
"""Fewer rounds do not show how they depend on each other, and so give no bound."""

MIN_BLOCKS = 5
"""A series is never cut into fewer blocks than this: their spread would be a guess."""

_CALLS_A_CHUNK = 500_000  # resampled values held at once: 4 MB


@dataclass(frozen=True)
class Estimate:
    """A figure with its one-sided bounds; without noise the three are the same."""

    value: float
    low: float
    high: float


def exactly(value: float) -> Estimate:
    """Give a figure that has no noise, as a file's size."""
    return Estimate(value, value, value)


def to_reference(
    medians: NDArray[np.float64],
    reference: NDArray[np.float64],
    *,
    confidence: float,
    seed: int = 0,
) -> Estimate:
    """Estimate a model's latency as a multiple of the reference workload's.

    Args:
        medians: float64 [n], the model's median of each round, in time order; n >= MIN_ROUNDS.
        reference: float64 [n], the reference workload's of the same rounds.
        confidence: of each bound, 0.5 to 1.
        seed: of the bootstrap.
    """
    series = np.log(medians / reference)
    value, draws = float(np.median(series)), block_medians(series, seed)
    return _bounds(value, draws, confidence, blocks(series), math.exp)


def slow_down(
    now: tuple[NDArray[np.float64], NDArray[np.float64]],
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    confidence: float,
    seed: int = 0,
) -> Estimate:
    """Estimate by what share a model became slower between two sessions.

    Within a session each round of the model is set against the reference workload in the same
    round, which takes out what the rounds share, and the machine. The two sessions are drawn
    independently of each other. The statistic is the difference of the medians of the log ratios.

    Args:
        now: the model's and the reference workload's round medians, float64 [n] each.
        before: those of the baseline, float64 [m] each.
        confidence: of each bound, 0.5 to 1.
        seed: of the bootstrap.

    Returns:
        0.05 for 5 % slower, negative for faster.
    """
    series = [np.log(medians / reference) for medians, reference in (now, before)]
    value = float(np.median(series[0]) - np.median(series[1]))
    draws = block_medians(series[0], seed) - block_medians(series[1], seed + 1)
    return _bounds(value, draws, confidence, min(map(blocks, series)), math.expm1)


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


def block_medians(series: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Draw the median of a series of rounds by the circular block bootstrap.

    Neighbouring rounds share what the machine was doing, so single draws would make the interval
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


def top1(block: dict[str, Any], *, confidence: float) -> Estimate:
    """Estimate top-1 with Wilson's bounds from an `accuracy` block."""
    low, high = wilson(_right(block), block["n"], NormalDist().inv_cdf(confidence))
    return Estimate(block["top1"], low, high)


def top1_loss(now: dict[str, Any], before: dict[str, Any], *, confidence: float) -> Estimate:
    """Estimate by how much top-1 fell, as a fraction of 1 (Newcombe 1998, method 10).

    The hybrid score interval for independent samples. Two models on the same images mostly err on
    the same ones, so the true interval is narrower: this one errs towards not complaining.

    Args:
        now: an `accuracy` block.
        before: the block of the parent or of the baseline.
        confidence: of each bound.
    """
    ours, theirs = (top1(block, confidence=confidence) for block in (now, before))
    loss = theirs.value - ours.value
    return Estimate(
        loss,
        loss - math.hypot(theirs.value - theirs.low, ours.high - ours.value),
        loss + math.hypot(theirs.high - theirs.value, ours.value - ours.low),
    )


def macro_f1(block: dict[str, Any], *, confidence: float, seed: int = 0) -> Estimate:
    """Estimate macro-F1, drawing the images anew (see `macro_f1_draws`)."""
    low, high = np.quantile(macro_f1_draws(block, seed), (1 - confidence, confidence))
    value = block["macro_f1"]
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def macro_f1_loss(
    now: dict[str, Any], before: dict[str, Any], *, confidence: float, seed: int = 0
) -> Estimate:
    """Estimate by how much macro-F1 fell, as a fraction of 1; the two are drawn independently."""
    loss = before["macro_f1"] - now["macro_f1"]
    draws = macro_f1_draws(before, seed) - macro_f1_draws(now, seed + 1)
    low, high = np.quantile(draws, (1 - confidence, confidence))
    return Estimate(loss, min(loss, float(low)), max(loss, float(high)))


def macro_f1_draws(block: dict[str, Any], seed: int) -> NDArray[np.float64]:
    """Draw macro-F1 by the bootstrap over images: float64 [RESAMPLES].

    Drawing n images with replacement is drawing their cells of the confusion matrix, each as often
    as it holds images; the single answers are not needed.
    """
    counts = np.array(block["confusion"])
    draws = np.random.default_rng(seed).multinomial(
        block["n"], counts.ravel() / counts.sum(), size=RESAMPLES
    )
    found = []
    for drawn in draws.reshape(-1, *counts.shape):
        _, _, f1 = per_class(drawn)
        found.append(f1[drawn.sum(axis=1) > 0].mean())
    return np.array(found)


def _right(block: dict[str, Any]) -> int:
    return int(np.trace(np.array(block["confusion"])))
