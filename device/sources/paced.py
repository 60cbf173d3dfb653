"""Plays a file in real time."""

import threading
import time

from device.frame import Frame
from device.sources.base import Source

_LATE = 0.2  # seconds by which a frame may be late
_MOST_LATE = 100  # frames that are left out in a row, so that a slow decoder gives some


class RealTimeSource(Source):
    """Plays a file at its native frame rate."""

    def __init__(self, source: Source, *, drop_late: bool = False) -> None:
        """Wrap a source.

        Args:
            source: source that has not been read from yet; closed with this one.
            drop_late: whether frames whose time has passed are left out and counted as dropped, so
                that the file stays in step with sound that is played beside it; else it is played
                more slowly where the analysis takes longer than a frame.
        """
        self._source = source
        self._start = 0.0
        self._drop_late = drop_late
        self._late = 0
        self.name = source.name
        self.live = source.live
        self.fps = source.fps

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the next frame at its time."""
        early = 0.0
        for _ in range(_MOST_LATE):
            frame = self._source.read(stop)
            if frame is None:
                break
            now = time.monotonic()
            self._start = self._start or now - frame.time
            early = self._start + frame.time - now
            if not self._drop_late or early >= -_LATE:
                break
            self._late += 1
        else:
            self._late -= 1  # the last one is given
        self.dropped = self._source.dropped + self._late
        self.skipped = self._source.skipped
        if frame is None:
            return None
        if early <= 0:
            return frame
        if stop is None:
            time.sleep(early)
        elif stop.wait(early):
            return None
        return frame

    def close(self) -> None:
        """Close the source."""
        self._source.close()
