"""The log on standard error, limited in rate for programs that run for months."""

import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

from device.system.terminal import printable_lines

INTERVAL = 60.0
"""Interval in seconds in which each kind of line is written at most `BURST` times."""

BURST = 5


class RateLimit(logging.Filter):
    """Passes each kind of line a few times per minute and counts the rest.

    Lines from the same position in the code are of one kind. The first line of the next minute
    states how many were suppressed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any lines written.

        Args:
            clock: monotonic clock in seconds; tests replace it.
        """
        super().__init__()
        self._clock = clock
        self._kinds: dict[tuple[str, int], tuple[float, int]] = {}  # begin of interval, lines

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        kind = (record.pathname, record.lineno)
        now = self._clock()
        begin, lines = self._kinds.get(kind, (now, 0))
        left_out = 0
        if now - begin >= INTERVAL:
            left_out = max(0, lines - BURST)
            begin, lines = now, 0
        self._kinds[kind] = (begin, lines + 1)
        if left_out:
            record.msg = f"{record.getMessage()} ({left_out} more lines like this were suppressed)"
            record.args = None
        return lines < BURST


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to the current `sys.stderr`, which a live table on the terminal replaces."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Formatter(logging.Formatter):
    """One printable line; names of files and sources may contain control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def start() -> None:
    """Write the log of this package to standard error, one line per event, limited in rate."""
    handler = _StderrHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s: %(message)s"))
    handler.addFilter(RateLimit())
    logger = logging.getLogger("device")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
