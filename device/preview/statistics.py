"""Statistics of the loop: since the start for Prometheus, per second for the page."""

import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from device.frame import Result

TIMELINE_SECONDS = 300
"""Length of the timeline in seconds, with one entry per second."""

BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Upper bounds of the latency histogram's buckets, in milliseconds."""


@dataclass(frozen=True)
class Second:
    """Statistics of one second.

    Attributes:
        number: seconds since the start.
        mean: mean distribution of all faces of the second, 0..1, in the order of the labels; None
            without a face.
    """

    number: int
    mean: tuple[float, ...] | None


@dataclass
class Latency:
    """A latency histogram of one stage.

    Attributes:
        counts: number of frames per bucket; the last one counts those beyond all bounds.
        total: sum in milliseconds.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0


@dataclass(frozen=True)
class Totals:
    """Counts since the start.

    Attributes:
        frames: number of analyzed frames.
        dropped: number of frames of a live source that were replaced before analysis.
        faces: number of faces in the last frame.
        labels: number of faces by predicted label.
        latencies: latency histogram by stage.
    """

    frames: int
    dropped: int
    faces: int
    labels: Counter[str]
    latencies: dict[str, Latency]


@dataclass
class _CurrentSecond:
    """The current second: sums over its frames and faces."""

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
    """Statistics of the loop; `add` is called by the loop, the rest by any thread.

    Attributes:
        fps: frames per second in the last complete second.
        stages: mean milliseconds of each stage in the last complete second.
        frames: number of frames since the start.
        dropped: frames of the live source that were replaced before analysis, since the start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start at zero.

        Args:
            clock: monotonic clock in seconds; tests replace it.
        """
        self.fps = 0.0
        self.stages: dict[str, float] = {}
        self.frames = 0
        self.dropped = 0
        self._clock = clock
        self._start = self._last = clock()
        self._lock = threading.Lock()
        self._timeline: deque[Second] = deque(maxlen=TIMELINE_SECONDS)
        self._latencies: dict[str, Latency] = {}
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
                latency = self._latencies.setdefault(stage, Latency())
                latency.counts[bisect_left(BUCKETS, milliseconds)] += 1
                latency.total += milliseconds
            for face in result.faces:
                self._shown[face.label] += 1
                self._current.faces += 1
                self._current.probabilities = self._current.probabilities + face.probabilities

    def age(self) -> float:
        """Seconds since the last frame, or since the start if there was none."""
        return self._clock() - self._last

    def timeline(self, after: int = -1) -> list[Second]:
        """Return the seconds after a number, oldest first, at most five minutes."""
        with self._lock:
            self._end_seconds(int(self._clock() - self._start))  # needed if the camera has stalled
            return [second for second in self._timeline if second.number > after]

    def totals(self) -> Totals:
        """Return a copy of all counts since the start."""
        with self._lock:
            latencies = {
                stage: Latency(list(latency.counts), latency.total)
                for stage, latency in self._latencies.items()
            }
            return Totals(self.frames, self.dropped, self._faces, Counter(self._shown), latencies)

    def _end_seconds(self, number: int) -> None:
        """End the current second if `number` is a later one."""
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
