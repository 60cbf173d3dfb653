"""How long one classification takes, measured so that a noisy machine treats all models alike.

What is timed is the whole call of `device.interpreter.Classifier`: set the input, invoke, read the
probabilities. That is what a program pays for a face, and the parts around `invoke` differ between
precisions (an int8 file is spared the scaling, a float file the dequantization), so timing `invoke`
alone would flatter one of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Classify
from benchmarks.turn import turn

RESAMPLES = 1000
"""Bootstrap repeats behind every interval."""


def rounds(
    classifiers: Sequence[Classify],
    faces: NDArray[np.uint8],
    *,
    count: int,
    per_round: int,
    seed: int = 0,
) -> Iterator[NDArray[np.int64]]:
    """Time the models interleaved: in every round each has its turn, in random order.

    A drift of the machine (clock, heat, neighbours) then hits all models alike, and what one round
    measured can be compared within it. A turn begins with one call that is not timed, because the
    model before has the caches. The garbage collector rests during a turn, as in `timeit`.

    Args:
        classifiers: the m models.
        faces: uint8 [n, 48, 48], n > 0; calls take them in turn.
        count: rounds.
        per_round: timed calls of each model in a round.
        seed: of the order of the models.

    Yields:
        int64 [m, per_round] nanoseconds, once a round is whole. Whoever collects the rounds may be
        interrupted at any moment and keeps those.
    """
    order = np.random.default_rng(seed)
    face = 0
    for _ in range(count):
        times = np.empty((len(classifiers), per_round), np.int64)
        for model in order.permutation(len(classifiers)):
            batch = [faces[(face + i) % len(faces)] for i in range(per_round)]
            times[model] = turn(classifiers[model], batch)
        face += per_round
        yield times


def summary(times: NDArray[np.int64], model: int, seed: int = 0) -> dict[str, Any]:
    """Sum up the timed calls of one model.

    Calls within a round resemble each other, so the bootstrap (Efron 1979, percentile method)
    draws whole rounds; single calls would make the intervals too narrow.

    Args:
        times: int64 [rounds, models, per_round] nanoseconds, at least one round.
        model: which of the models.
        seed: of the bootstrap.

    Returns:
        The `latency` block of `results.json`, in microseconds; the ratio is to the first model,
        the median over rounds of one round's median against the other's. Intervals are None when
        there is but one round to draw from.
    """
    own = times[:, model] / 1000.0
    medians = np.median(times, axis=2)
    ratios = medians[:, model] / medians[:, 0]
    p50, p90, p99 = np.percentile(own, (50, 90, 99))
    return {
        "kind": "measured",
        "n": int(own.size),
        "rounds": len(own),
        "p50_us": float(p50),
        "p50_us_ci95": bootstrap_median(own, seed),
        "p90_us": float(p90),
        "p99_us": float(p99),
        "ratio_to_first": float(np.median(ratios)),
        "ratio_to_first_ci95": bootstrap_median(ratios[:, None], seed),
    }


def bootstrap_median(rounds: NDArray[np.float64], seed: int = 0) -> list[float] | None:
    """Compute the 95 % bootstrap interval of the median, drawing whole rounds.

    Args:
        rounds: float64 [rounds, values a round].
        seed: of the draws.

    Returns:
        [low, high], or None for a single round, which says nothing about its spread.
    """
    if len(rounds) < 2:
        return None
    draw = np.random.default_rng(seed)
    medians = [
        np.median(rounds[draw.integers(len(rounds), size=len(rounds))]) for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(medians, (2.5, 97.5))
    return [float(low), float(high)]
