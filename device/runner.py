"""The frame loop: from a source through the analyzer to the sinks, until the end or a signal."""

import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from device.frame import Frame, Fuser, Recognizer, Result
from device.sinks.base import BrokenOutput, Sink
from device.sources.base import Source

STAGES = ("read", "detect", "classify", "track", "total")
"""Names of the latencies of a result, in order."""

log = logging.getLogger(__name__)


@dataclass
class Summary:
    """Counts of a run.

    Attributes:
        frames: number of analyzed frames.
        faces: number of faces, summed over all frames.
        dropped: number of frames of a live source that were replaced before analysis.
        skipped: number of images that could not be decoded.
        seconds: time from the first frame to the last result.
        lost: number of results that a sink could not write, by the sink's name.
    """

    frames: int = 0
    faces: int = 0
    dropped: int = 0
    skipped: int = 0
    seconds: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the counts as one line."""
        rate = f", {self.frames / self.seconds:.1f} a second" if self.seconds else ""
        return (
            f"{self.frames} frames in {self.seconds:.1f} s{rate}; {self.faces} faces; "
            f"{self.dropped} frames dropped, {self.skipped} damaged"
        )


def run(
    source: Source,
    faces: Recognizer,
    sinks: Sequence[Sink],
    *,
    stop: threading.Event,
    frames: int | None = None,
    fusion: Fuser | None = None,
) -> Summary:
    """Analyze frame by frame. The caller closes the source and the sinks.

    A sink that fails is logged and tried again with the next result; the other sinks continue.

    Args:
        source: source of the frames.
        faces: analyzer that finds, tracks and classifies the faces.
        sinks: outputs; each gets every result, in this order.
        stop: event that ends the run before the next frame, also while waiting for it.
        frames: number of frames after which the run ends; None: at the end of the source.
        fusion: fuses each frame's faces with other modalities; started and closed by the caller.

    Returns:
        Counts of the run, which ends with the source, with `stop`, after `frames`, or when the
        reader of a sink's output has closed it.

    Raises:
        InputError: the source cannot be opened or is damaged.
    """
    summary = Summary()
    stages = dict.fromkeys(STAGES, 0.0)
    nothing = Frame(np.empty((0, 0), np.uint8), -1, 0.0, source.name)
    result = Result(nothing, [], faces.labels, stages, live=source.live)
    first = 0.0
    while summary.frames != frames and not stop.is_set():
        waiting = time.perf_counter()
        frame = source.read(stop)
        if frame is None:
            break
        begin = time.perf_counter()
        first = first or begin
        result.frame = frame
        result.faces = faces.process(frame)
        result.dropped = source.dropped
        if fusion is not None:
            captured = frame.time if source.live else time.monotonic()
            result.fused = fusion.fuse(result.faces, captured)
        end = time.perf_counter()
        stages["read"] = (begin - waiting) * 1000
        stages.update(faces.stages)
        stages["total"] = (end - begin) * 1000
        if source.live:
            stages["total"] = (time.monotonic() - frame.time) * 1000
        summary.frames += 1
        summary.faces += len(result.faces)
        wanted = _write(result, sinks, summary)
        summary.seconds = time.perf_counter() - first
        if not wanted:
            break
    summary.dropped, summary.skipped = source.dropped, source.skipped
    return summary


def _write(result: Result, sinks: Sequence[Sink], summary: Summary) -> bool:
    """Write a result to every sink; False if the reader of one has closed its end."""
    for sink in sinks:
        try:
            sink.write(result)
        except BrokenOutput:
            return False
        except OSError as error:
            summary.lost[sink.name] = summary.lost.get(sink.name, 0) + 1
            log.error("%s cannot be written (%s): a result is lost", sink.name, error.strerror)
    return True


class Stop(threading.Event):
    """Event that is set by signals.

    Attributes:
        signal: number of the signal; None without one.
    """

    signal: int | None = None


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """Let SIGTERM, SIGINT and SIGHUP set an event within the block; a second one interrupts.

    A signal that the process was started to ignore, as with nohup, stays ignored. Must be called in
    the main thread, where Python delivers signals.
    """
    stop = Stop()

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    before = {
        number: signal.signal(number, ask)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
