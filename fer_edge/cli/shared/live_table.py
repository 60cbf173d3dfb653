"""Results as a table on a terminal, redrawn in place."""

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from device.labels import printable
from device.sinks.base import Sink

if TYPE_CHECKING:
    from device.frame import Result

_INTERVAL = 0.1  # seconds between two drawings
_BAR = 20  # characters


class LiveTable(Sink):
    """Shows the faces of the newest frame, with rate and latency; drawn ten times a second."""

    def __init__(self, console: Console | None = None) -> None:
        """Start to draw.

        Args:
            console: terminal; None for standard output.
        """
        self.name = "terminal"
        # Log lines go above the table, unless standard error is somewhere else.
        self._live = Live(
            console=console or Console(), auto_refresh=False, redirect_stderr=sys.stderr.isatty()
        )
        self._live.start()
        self._due = 0.0
        self._frames = 0
        self._since = time.monotonic()
        self._rate = 0.0

    def write(self, result: "Result") -> None:
        """Show a result, unless one was shown just now."""
        self._frames += 1
        now = time.monotonic()
        if now < self._due:
            return
        if now - self._since >= 1:
            self._rate = self._frames / (now - self._since)
            self._since, self._frames = now, 0
        self._due = now + _INTERVAL
        self._live.update(_table(result, self._rate), refresh=True)

    def close(self) -> None:
        """Leave the last table on the terminal."""
        self._live.stop()


def _table(result: "Result", rate: float) -> Table:
    frame = result.frame
    title = f"{printable(frame.name)}, frame {frame.number}: {result.stages.get('total', 0):.1f} ms"
    if rate:
        title += f", {rate:.1f} frames/s"
    if result.dropped:
        title += f", {result.dropped} dropped"
    table = Table(
        "face",
        "expression",
        "confidence",
        "box",
        title=Text(title),
        title_justify="left",
    )
    for face in result.faces:
        x, y, w, h = face.box
        bar = "█" * round(_BAR * float(face.confidence))
        table.add_row(
            f"#{face.track}",
            Text(printable(face.label)),
            f"{face.confidence:4.0%} {bar}",
            f"{w} x {h} at {x}, {y}",
        )
    if not result.faces:
        table.add_row("", "no face", "", "")
    return table
