"""Estimate the difference between two measurements, with bounds that allow for noise.

A bound is one-sided: with the given confidence, the true value is not below `low`, and with the
same confidence it is not above `high`.
"""

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics.accuracy import per_class
from benchmarks.stats import bootstrap
from benchmarks.stats.estimate import Estimate, from_draws
from benchmarks.stats.proportion import wilson

if TYPE_CHECKING:
    from benchmarks.results.types import Accuracy


def to_reference(
    medians: NDArray[np.float64],
    reference: NDArray[np.float64],
    *,
    confidence: float,
    seed: int = 0,
) -> Estimate:
    """Estimate a model's latency as a multiple of the reference workload's.

    Args:
        medians: float64 [n], median latency of the model in each round, in time order; n >=
            MIN_ROUNDS.
        reference: float64 [n], median latency of the reference workload in the same rounds and
            unit.
        confidence: confidence of each bound, 0.5 to 1.
        seed: RNG seed of the bootstrap.
    """
    series = np.log(medians / reference)
    value, draws = float(np.median(series)), bootstrap.medians(series, seed)
    return from_draws(
        value,
        draws,
        confidence=confidence,
        blocks=bootstrap.blocks(series),
        transform=math.exp,
    )


def slow_down(
    now: tuple[NDArray[np.float64], NDArray[np.float64]],
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    confidence: float,
    seed: int = 0,
) -> Estimate:
    """Estimate the relative increase of a model's latency between two sessions.

    In each session the model's median of a round is divided by that of the reference workload in
    the same round, which cancels the speed of the machine and disturbances that affect both. The
    statistic is the difference of the medians of the logarithms of these ratios; the sessions are
    resampled independently.

    Args:
        now: round medians of the model and of the reference workload, float64 [n] each.
        before: the same for the baseline, float64 [m] each.
        confidence: confidence of each bound, 0.5 to 1.
        seed: RNG seed of the bootstrap.

    Returns:
        0.05 for 5 % slower; negative for faster.
    """
    series = [np.log(medians / reference) for medians, reference in (now, before)]
    value = float(np.median(series[0]) - np.median(series[1]))
    draws = bootstrap.medians(series[0], seed) - bootstrap.medians(series[1], seed + 1)
    return from_draws(
        value,
        draws,
        confidence=confidence,
        blocks=min(map(bootstrap.blocks, series)),
        transform=math.expm1,
    )


def top1(block: "Accuracy", *, confidence: float) -> Estimate:
    """Estimate top-1 with Wilson bounds.

    Args:
        block: `accuracy` block of a model.
        confidence: confidence of each bound.
    """
    low, high = wilson(_right(block), block["n"], NormalDist().inv_cdf(confidence))
    return Estimate(block["top1"], low, high)


def top1_loss(now: "Accuracy", before: "Accuracy", *, confidence: float) -> Estimate:
    """Estimate the decrease of top-1, as a fraction of 1 (Newcombe 1998, method 10).

    This is the hybrid score interval for independent samples. Two models mostly fail on the same
    images, so on the same images the interval is wider than it has to be, and fails a check too
    rarely rather than too often.

    Args:
        now: `accuracy` block of the model.
        before: `accuracy` block of the parent or of the model in the baseline.
        confidence: confidence of each bound.
    """
    ours, theirs = (top1(block, confidence=confidence) for block in (now, before))
    loss = theirs.value - ours.value
    return Estimate(
        loss,
        loss - math.hypot(theirs.value - theirs.low, ours.high - ours.value),
        loss + math.hypot(theirs.high - theirs.value, ours.value - ours.low),
    )


def macro_f1(block: "Accuracy", *, confidence: float, seed: int = 0) -> Estimate:
    """Estimate macro-F1 with the bootstrap over images, see `macro_f1_draws`.

    Args:
        block: `accuracy` block of a model.
        confidence: confidence of each bound.
        seed: RNG seed.
    """
    low, high = np.quantile(macro_f1_draws(block, seed), (1 - confidence, confidence))
    value = block["macro_f1"]
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def macro_f1_loss(
    now: "Accuracy", before: "Accuracy", *, confidence: float, seed: int = 0
) -> Estimate:
    """Estimate the decrease of macro-F1, as a fraction of 1; the two are resampled independently.

    Args:
        now: `accuracy` block of the model.
        before: `accuracy` block of the parent or of the model in the baseline.
        confidence: confidence of each bound.
        seed: RNG seed.
    """
    loss = before["macro_f1"] - now["macro_f1"]
    draws = macro_f1_draws(before, seed) - macro_f1_draws(now, seed + 1)
    low, high = np.quantile(draws, (1 - confidence, confidence))
    return Estimate(loss, min(loss, float(low)), max(loss, float(high)))


def macro_f1_draws(block: "Accuracy", seed: int) -> NDArray[np.float64]:
    """Resample macro-F1 over the images.

    Drawing images with replacement is the same as drawing the cells of the confusion matrix in
    proportion to their counts, so the predictions of single images are not needed.

    Args:
        block: `accuracy` block of a model.
        seed: RNG seed.

    Returns:
        float64 [RESAMPLES].
    """
    draws = bootstrap.resampled_counts(np.array(block["confusion"]), seed)
    _, _, f1 = per_class(draws)
    present = draws.sum(axis=-1) > 0
    return (f1 * present).sum(axis=-1) / present.sum(axis=-1)


def _right(block: "Accuracy") -> int:
    return int(np.trace(np.array(block["confusion"])))
