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

_INTERVAL = 0.1  # seconds between redraws
_BAR = 20  # characters


class LiveTable(Sink):
    """Shows the faces of the latest frame with frame rate and latency; redrawn every 0.1 s."""

    def __init__(self, console: Console | None = None) -> None:
        """Start drawing.

        Args:
            console: terminal; None for standard output.
        """
        self.name = "terminal"
        # Log lines go above the table, unless standard error is redirected.
        self._live = Live(
            console=console or Console(), auto_refresh=False, redirect_stderr=sys.stderr.isatty()
        )
        self._live.start()
        self._due = 0.0
        self._frames = 0
        self._since = time.monotonic()
        self._rate = 0.0

    def write(self, result: "Result") -> None:
        """Show a result, unless the table was redrawn less than `_INTERVAL` ago."""
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
            Text(printable(", ".join(filter(None, (face.label, face.hidden_text))))),
            f"{face.confidence:4.0%} {bar}",
            f"{w} x {h} at {x}, {y}",
        )
    if not result.faces:
        table.add_row("", "no face", "", "")
    if result.fused is not None:
        fused = result.fused
        bar = "█" * round(_BAR * float(fused.confidence))
        shares = ", ".join(f"{each.name} {each.weight:.0%}" for each in fused.opinions)
        known = f"{fused.confidence:4.0%} {bar}" if fused.label else ""
        table.add_row("fused", Text(printable(fused.label) or "nothing known"), known, shares)
    return table
