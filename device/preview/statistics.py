"""Figures of the loop: since the start for Prometheus, of the last second for the page."""

import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from device.frame import Result

TIMELINE_SECONDS = 300
"""How far the timeline reaches back: five minutes, one entry a second."""

BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Upper bounds of the latency histogram's buckets, in milliseconds."""


@dataclass(frozen=True)
class Second:
    """What happened in one second.

    Attributes:
        number: seconds since the start.
        mean: the mean distribution of all faces of the second, 0..1, in the order of the labels;
            None when there was no face.
    """

    number: int
    mean: tuple[float, ...] | None


@dataclass
class _Latency:
    """A histogram of one stage's latency."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0  # milliseconds


@dataclass
class _CurrentSecond:
    """The second that is not over yet: sums over its frames and faces."""

    number: int
    frames: int = 0
    faces: int = 0
    probabilities: npt.NDArray[Any] | float = 0.0
    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def mean(self) -> tuple[float, ...] | None:
        if not self.faces:
            return None
        mean = np.asarray(self.probabilities) / self.faces
        return tuple(round(value, 3) for value in mean.tolist())


class Statistics:
    """Counts what the loop does; `add` is called from the loop, the rest from anywhere.

    Attributes:
        fps: frames a second, over the last whole second.
        stages: mean milliseconds of each stage, over the last whole second.
        frames: since the start.
        dropped: frames of the live source that were replaced unseen, since the start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start at zero.

        Args:
            clock: seconds, growing; tests turn it by hand.
        """
        self.fps = 0.0
        self.stages: dict[str, float] = {}
        self.frames = 0
        self.dropped = 0
        self._clock = clock
        self._start = self._last = clock()
        self._lock = threading.Lock()
        self._timeline: deque[Second] = deque(maxlen=TIMELINE_SECONDS)
        self._latencies: dict[str, _Latency] = {}
        self._shown: Counter[str] = Counter()
        self._faces = 0
        self._current = _CurrentSecond(0)

    def add(self, result: Result) -> None:
        """Count one frame."""
        now = self._clock()
        with self._lock:
            self._end_seconds(int(now - self._start))
            self._last = now
            self.frames += 1
            self.dropped = result.dropped
            self._faces = len(result.faces)
            self._current.frames += 1
            for stage, milliseconds in result.stages.items():
                self._current.stages[stage] += milliseconds
                latency = self._latencies.setdefault(stage, _Latency())
                latency.counts[bisect_left(BUCKETS, milliseconds)] += 1
                latency.total += milliseconds
            for face in result.faces:
                self._shown[face.label] += 1
                self._current.faces += 1
                self._current.probabilities = self._current.probabilities + face.probabilities

    def age(self) -> float:
        """Seconds since the last frame; since the start, when there was none."""
        return self._clock() - self._last

    def timeline(self, after: int = -1) -> list[Second]:
        """Give the seconds after the one of that number, oldest first, at most five minutes."""
        with self._lock:
            self._end_seconds(int(self._clock() - self._start))  # a stalled camera adds none
            return [second for second in self._timeline if second.number > after]

    def prometheus(self) -> list[str]:
        """Give the lines of Prometheus' text format, version 0.0.4, for all since the start."""
        with self._lock:
            return [
                *metric("frames_total", "counter", "Frames that were analyzed.", self.frames),
                *metric("dropped_frames_total", "counter", "Frames replaced unseen.", self.dropped),
                *metric("faces", "gauge", "Faces in the last frame.", self._faces),
                *metric("last_frame_age_seconds", "gauge", "Since the last frame.", self.age()),
                *_head("expressions_total", "counter", "Faces by the expression shown."),
                *(
                    f'fer_edge_expressions_total{{label="{_escape(label)}"}} {count}'
                    for label, count in sorted(self._shown.items())
                ),
                *_head("stage_seconds", "histogram", "Latency of a stage of the loop."),
                *(
                    line
                    for stage, latency in self._latencies.items()
                    for line in _histogram(_escape(stage), latency)
                ),
            ]

    def _end_seconds(self, number: int) -> None:
        """Close the running second when the frame belongs to a later one."""
        running = self._current
        passed = number - running.number
        if passed < 1:
            return
        self.fps = running.frames / passed
        if running.frames:
            self.stages = {name: sum_ / running.frames for name, sum_ in running.stages.items()}
        self._timeline.append(Second(running.number, running.mean()))
        for empty in range(max(running.number + 1, number - TIMELINE_SECONDS), number):
            self._timeline.append(Second(empty, None))
        self._current = _CurrentSecond(number)


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP fer_edge_{name} {text}"
    yield f"# TYPE fer_edge_{name} {kind}"


def metric(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    """Give the lines of one metric without labels."""
    yield from _head(name, kind, text)
    yield f"fer_edge_{name} {value:.6g}" if isinstance(value, float) else f"fer_edge_{name} {value}"


def _histogram(stage: str, latency: _Latency) -> Iterator[str]:
    name, so_far = "fer_edge_stage_seconds", 0
    for bound, count in zip(BUCKETS, latency.counts, strict=False):
        so_far += count
        yield f'{name}_bucket{{stage="{stage}",le="{bound / 1000:g}"}} {so_far}'
    so_far += latency.counts[-1]
    yield f'{name}_bucket{{stage="{stage}",le="+Inf"}} {so_far}'
    yield f'{name}_sum{{stage="{stage}"}} {latency.total / 1000:.6f}'
    yield f'{name}_count{{stage="{stage}"}} {so_far}'


def _escape(value: str) -> str:
    r"""Escape a label's value: backslash, quote, end of line."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
