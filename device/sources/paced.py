"""A file that is watched at the speed at which it was taken."""

import threading
import time

from device.frame import Frame
from device.sources.base import Source


class RealTimeSource(Source):
    """Gives each frame of a file not before its time, for somebody who looks on."""

    def __init__(self, source: Source) -> None:
        """Take over a source.

        Args:
            source: not read from yet; closed with this one.
        """
        self._source = source
        self._start = 0.0
        self.name = source.name
        self.live = source.live
        self.fps = source.fps

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Give the next frame when its time has come."""
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
        """Let go of the source."""
        self._source.close()
