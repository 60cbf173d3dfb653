"""Accuracy, delay and flicker of a temporal head beside smoothing, on the same sequences."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.stats.bootstrap import cluster_interval, paired_interval
from device.tracking.smoothing import Smoother
from device.tracking.temporal import TemporalModel
from fer_edge.modalities.temporal.sequences import Sequences

TIME_CONSTANTS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)
"""Time constants of smoothing in seconds, of which the best on val is compared."""

Labels = NDArray[np.int64]


class _Filter(Protocol):
    def update(
        self, probabilities: NDArray[np.float32], time: float
    ) -> NDArray[np.float32]: ...  # fmt: skip


def head(path: Path, data: Sequences) -> NDArray[np.float32]:
    """Run a temporal head over sequences frame by frame, as on the device.

    Returns:
        Probabilities, float32 [n, frames, labels].
    """
    return _filtered(data, TemporalModel(path).start)


def smoothed(data: Sequences, seconds: float) -> NDArray[np.float32]:
    """Smooth sequences exponentially; 0 seconds does not smooth."""
    return _filtered(data, lambda: Smoother(data.probabilities.shape[-1], seconds))


def _filtered(data: Sequences, start: Callable[[], _Filter]) -> NDArray[np.float32]:
    found = np.array(data.probabilities)
    for row in range(len(data)):
        track = start()
        for column in np.flatnonzero(data.valid[row]):
            time = float(data.times[row, column])
            found[row, column] = track.update(data.probabilities[row, column], time)
    return found


def best_time_constant(data: Sequences) -> float:
    """Return the time constant of smoothing with the highest frame accuracy."""

    def right(seconds: float) -> float:
        answers = smoothed(data, seconds).argmax(axis=-1)
        return float((answers == data.classes)[data.valid].mean())

    return max(TIME_CONSTANTS, key=right)


def compare(
    methods: dict[str, NDArray[np.float32]], data: Sequences, labels: Sequence[str]
) -> dict[str, Any]:
    """Measure methods on the same sequences.

    Args:
        methods: probabilities by name, float32 [n, frames, labels].
        data: sequences.
        labels: names of the classes.

    Returns:
        For each method the values of `benchmarks.metrics.accuracy.metrics` over frames, with an
        interval that resamples whole sequences; label changes per minute; the fraction of changes
        of expression after which the right label came before the next one, and the mean delay in
        ms over the changes where it came with every method.
    """
    rows = np.broadcast_to(np.arange(len(data))[:, np.newaxis], data.classes.shape)
    groups = rows[data.valid].astype(np.str_)
    delays = {name: delay(found.argmax(axis=-1), data) for name, found in methods.items()}
    reached = np.all([np.isfinite(each) for each in delays.values()], axis=0)
    measured: dict[str, Any] = {}
    for name, found in methods.items():
        answers, true = found.argmax(axis=-1), data.classes
        figures = dict(accuracy.metrics(found[data.valid], true[data.valid], labels))
        figures["top1_ci95"] = cluster_interval((answers == true)[data.valid], groups)
        finite = np.isfinite(delays[name])
        measured[name] = {
            "accuracy": figures,
            "flicker": _with_interval(flicker(answers, data)),
            "reached": float(finite.mean()) if len(finite) else None,
            "delay_ms": _with_interval(delays[name][reached]) if reached.any() else None,
        }
    return measured


def difference(
    new: NDArray[np.float32], old: NDArray[np.float32], data: Sequences
) -> dict[str, Any]:
    """Compare two methods sequence by sequence: mean differences, new minus old, with intervals."""
    answers = new.argmax(axis=-1), old.argmax(axis=-1)
    right = [_per_sequence(each == data.classes, data) for each in answers]
    delays = [delay(each, data) for each in answers]
    both = np.isfinite(delays[0]) & np.isfinite(delays[1])
    late = delays[0][both] - delays[1][both]
    return {
        "top1": _with_interval(right[0] - right[1]),
        "flicker": _with_interval(flicker(answers[0], data) - flicker(answers[1], data)),
        "delay_ms": _with_interval(late) if both.any() else None,
    }


def flicker(answers: Labels, data: Sequences) -> NDArray[np.float64]:
    """Return the label changes per minute of each sequence, float64 [n]."""
    changed = (answers[:, 1:] != answers[:, :-1]) & data.valid[:, 1:]
    seconds = data.times[:, -1] - data.times[:, 0]
    return np.asarray(60 * changed.sum(axis=1) / np.maximum(seconds, 1e-9), np.float64)


def delay(answers: Labels, data: Sequences) -> NDArray[np.float64]:
    """Return the delay in ms of the right label after each change of expression.

    Returns:
        float64 [changes], in the order of sequences; infinite if the right label did not come
        before the next change.
    """
    found = []
    for row in range(len(data)):
        classes = data.classes[row, data.valid[row]]
        starts = np.flatnonzero(classes[1:] != classes[:-1]) + 1
        for start, end in pairwise([*starts, len(classes)]):
            right = np.flatnonzero(answers[row, start:end] == classes[start])
            times = data.times[row]
            found.append(
                1000 * float(times[start + right[0]] - times[start]) if len(right) else np.inf
            )
    return np.array(found, np.float64)


def mean_changes(data: Sequences) -> float:
    """Return the mean number of true changes of expression per minute."""
    return float(flicker(data.classes, data).mean())


def _per_sequence(right: NDArray[np.bool_], data: Sequences) -> NDArray[np.float64]:
    valid = data.valid
    return np.asarray((right & valid).sum(axis=1) / valid.sum(axis=1), np.float64)


def _with_interval(values: NDArray[np.float64]) -> dict[str, Any]:
    return {"mean": float(values.mean()), "ci95": paired_interval(values), "n": len(values)}
