"""Plays a file in real time."""

import threading
import time

from device.frame import Frame
from device.sources.base import Source


class RealTimeSource(Source):
    """Plays a file at its native frame rate."""

    def __init__(self, source: Source) -> None:
        """Wrap a source.

        Args:
            source: not read from yet; closed with this one.
        """
        self._source = source
        self._start = 0.0
        self.name = source.name
        self.live = source.live
        self.fps = source.fps

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Give the next frame at its time."""
        frame = self._source.read(stop)
        self.dropped, self.skipped = self._source.dropped, self._source.skipped
        if frame is None:
            return None
        now = time.monotonic()
        self._start = self._start or now - frame.time
        early = self._start + frame.time - now
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
