"""Measure latency in interleaved rounds, so that disturbances affect all models alike.

The timed call is that of `device.model.classifier.Classifier`: set the input, invoke, read the
probabilities. Its parts around `invoke` differ between precisions (an int8 model needs no scaling
of the input, a float model no dequantization), so timing `invoke` alone would favor one of them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.timer import time_calls
from benchmarks.machine.preemptions import preemptions
from benchmarks.protocol import Classify
from benchmarks.stats import bootstrap

if TYPE_CHECKING:
    from benchmarks.results.types import Latency

QUANTILES = (50, 90, 99)

_BINS, _TAIL_BINS = 40, 8
_NAP_NS, _MOST_NAPS = 1_000_000, 50


@dataclass(frozen=True)
class Round:
    """Measurements of one round.

    Attributes:
        times: int64 [m, per_round], nanoseconds of each timed call.
        preempted: int64 [m], involuntary context switches while each model was timed.
    """

    times: NDArray[np.int64]
    preempted: NDArray[np.int64]


def rounds(
    classifiers: Sequence[Classify],
    faces: NDArray[np.uint8],
    *,
    count: int,
    per_round: int,
    seed: int = 0,
    threads: Sequence[int] | None = None,
) -> Iterator[Round]:
    """Time models interleaved: each round times all of them in random order.

    A drift of the machine (clock, temperature, other load) then affects all models alike, and
    figures of one round can be compared. `benchmarks.latency.timer` describes how one model is
    timed.

    Args:
        classifiers: the m models, or models in m settings.
        faces: uint8 [n, 48, 48], n > 0, gray 0..255; the calls use them in turn.
        count: number of rounds.
        per_round: number of timed calls of each model in a round.
        seed: RNG seed of the order of the models.
        threads: number of threads of each model; 1 if None. After a model with several threads, the
            next one starts only when the worker threads sleep, because they spin for a while after
            a call.

    Yields:
        Each round when it is complete, so that an interruption loses at most one round.
    """
    order = np.random.default_rng(seed)
    face = 0
    for _ in range(count):
        times = np.empty((len(classifiers), per_round), np.int64)
        preempted = np.empty(len(classifiers), np.int64)
        batch = [faces[(face + i) % len(faces)] for i in range(per_round)]
        for model in order.permutation(len(classifiers)):
            before = preemptions()
            times[model] = time_calls(classifiers[model], batch)
            preempted[model] = preemptions() - before
            if threads is not None and threads[model] > 1:
                _let_workers_sleep()
        face += per_round
        yield Round(times, preempted)


def _let_workers_sleep() -> None:
    """Wait until the other threads of this process use hardly any processor time."""
    for _ in range(_MOST_NAPS):
        others = time.process_time_ns() - time.thread_time_ns()
        time.sleep(_NAP_NS / 1e9)
        if time.process_time_ns() - time.thread_time_ns() - others < _NAP_NS / 10:
            return


def summary(
    times: NDArray[np.int64],
    model: int,
    *,
    first: int = 0,
    reference: int | None = None,
    marked: bool = False,
    seed: int = 0,
) -> "Latency":
    """Summarize the timed calls of one model.

    The intervals come from a bootstrap over rounds, see `benchmarks.stats.bootstrap`.

    Args:
        times: int64 [rounds, models, per_round] in nanoseconds, at least one round.
        model: index of the model.
        first: index of the model that latencies are relative to.
        reference: index of the reference workload; None if it was not timed.
        marked: whether the rounds were disturbed.
        seed: RNG seed of the bootstrap.

    Returns:
        The `latency` block of `results.json`, in microseconds. A ratio is the median over rounds of
        the ratio of two round medians. Intervals are None for a single round.
    """
    own = times[:, model] / 1000.0
    medians = np.median(times, axis=2)
    ratios = medians[:, [model]] / medians[:, [first, model if reference is None else reference]]
    draws = bootstrap.resampled_rows(medians[:, model], per_row=own.shape[1], seed=seed)
    found = [
        np.concatenate((_quantiles(own[rows]), np.median(ratios[rows], axis=1)), axis=1)
        for rows in draws
    ]
    intervals: list[Any] = (
        bootstrap.intervals(np.concatenate(found)) if found else [None] * (len(QUANTILES) + 2)
    )
    block: dict[str, Any] = {"kind": "measured", "n": int(own.size), "rounds": len(own)}
    for i, (quantile, value) in enumerate(zip(QUANTILES, _quantiles(own[None])[0], strict=True)):
        block |= {f"p{quantile}_us": float(value), f"p{quantile}_us_ci95": intervals[i]}
    block |= {
        "histogram_us": histogram(own),
        "round_medians_us": [round(value / 1000, 4) for value in medians[:, model].tolist()],
        "marked": marked,
    }
    for i, name in enumerate(("first", "reference")):
        known = name == "first" or reference is not None
        block |= {
            f"ratio_to_{name}": float(np.median(ratios[:, i])) if known else None,
            f"ratio_to_{name}_ci95": intervals[len(QUANTILES) + i] if known else None,
        }
    return cast("Latency", block)  # its keys are composed from the quantiles


def _quantiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the QUANTILES of each resample.

    Args:
        drawn: float64 [draws, rounds, per_round].

    Returns:
        float64 [draws, len(QUANTILES)].
    """
    return np.percentile(drawn.reshape(len(drawn), -1), QUANTILES, axis=1).T


def histogram(values: NDArray[np.float64]) -> dict[str, list[Any]]:
    """Count values in bins: of equal width up to p99 or 1.5 medians, of growing width above.

    With bins of equal width throughout, a few interrupted calls would put all others in one bin.

    Args:
        values: float64, above 0, in microseconds.

    Returns:
        `edges` [bins + 1] in microseconds and `counts` [bins].
    """
    low, top = values.min(), values.max()
    high = min(np.percentile(values, 99), 1.5 * np.median(values))
    edges = np.linspace(low, max(high, low + 0.001), _BINS + 1)
    if top > edges[-1]:
        edges = np.concatenate((edges, np.geomspace(edges[-1], top, _TAIL_BINS + 1)[1:]))
    edges = np.unique(edges.round(4))
    counts, _ = np.histogram(values, edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
