"""How long one classification takes, measured so that a noisy machine treats all models alike.

What is timed is the whole call of `device.model.classifier.Classifier`: set the input, invoke,
read the probabilities. That is what a program pays for a face, and the parts around `invoke` differ
between precisions (an int8 file is spared the scaling, a float file the dequantization), so timing
`invoke` alone would flatter one of them.
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
    """What one round measured.

    Attributes:
        times: int64 [m, per_round], nanoseconds of each timed call.
        preempted: int64 [m], how often the system took the processor away during the turn.
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
    """Time the models interleaved: in every round each has its turn, in random order.

    A drift of the machine (clock, heat, neighbors) then hits all models alike, and what one round
    measured can be compared within it. A turn is as `benchmarks.latency.timer` says.

    Args:
        classifiers: the m models, or m settings of models.
        faces: uint8 [n, 48, 48], n > 0; calls take them in turn.
        count: rounds.
        per_round: timed calls of each model in a round.
        seed: of the order of the models.
        threads: that each works with, 1 where nothing is said. The next turn waits for those of the
            last one to sleep, since they spin a while in the hope of more work.

    Yields:
        Each round once it is whole. Whoever collects the rounds may be interrupted at any moment
        and keeps those.
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
    """Sum up the timed calls of one model.

    The intervals are those of the bootstrap that draws whole rounds (see `resampled`).

    Args:
        times: int64 [rounds, models, per_round] nanoseconds, at least one round.
        model: which of the models.
        first: the model that others are compared with.
        reference: the reference workload among the models.
        marked: whether something disturbed the rounds.
        seed: of the bootstrap.

    Returns:
        The `latency` block of `results.json`, in microseconds. A ratio is the median over rounds of
        one round's median against the other's. Intervals are None when there is but one round to
        draw from.
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
    return cast("Latency", block)  # the keys are put together from the quantiles


def _quantiles(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the quantiles of each of [draws, rounds, per_round]: float64 [draws, QUANTILES]."""
    return np.percentile(drawn.reshape(len(drawn), -1), QUANTILES, axis=1).T


def histogram(values: NDArray[np.float64]) -> dict[str, list[Any]]:
    """Count values in bins: equally wide up to p99 or 1.5 medians, then ever wider.

    A few calls that the system interrupted would else leave all others in one bin.

    Args:
        values: above 0, in microseconds.
    """
    low, top = values.min(), values.max()
    high = min(np.percentile(values, 99), 1.5 * np.median(values))
    edges = np.linspace(low, max(high, low + 0.001), _BINS + 1)
    if top > edges[-1]:
        edges = np.concatenate((edges, np.geomspace(edges[-1], top, _TAIL_BINS + 1)[1:]))
    edges = np.unique(edges.round(4))
    counts, _ = np.histogram(values, edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
