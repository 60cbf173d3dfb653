"""Progress bar with remaining time on a terminal; one line per report elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType

import rich.progress
from rich.console import Console


class Progress:
    """Progress of a long computation, on standard error.

    Args:
        title: name of the computation.
        total: total number of steps.
        done: number of steps completed by an interrupted run.
        quiet: whether to disable the output.
    """

    def __init__(self, title: str, total: int, done: int = 0, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        self._title, self._total, self._first, self._done = title, total, done, done
        self._terminal, self._quiet = console.is_terminal, quiet
        self._started = time.monotonic()
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.TaskProgressColumn(),
            rich.progress.TimeRemainingColumn(),
            rich.progress.TextColumn("{task.fields[last]}"),
            console=console,
            disable=quiet or not self._terminal,
        )
        self._task = self._bar.add_task(title, total=total, completed=done, last="")

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def advance(self, steps: int = 1) -> None:
        """Advance the bar by a number of steps."""
        self._done += steps
        self._bar.advance(self._task, steps)

    def report(self, milestone: str, figures: Mapping[str, float] | None = None) -> None:
        """Show a milestone beside the bar, or as a line with the remaining time.

        Args:
            milestone: description of the milestone, such as "epoch 3/15".
            figures: metrics by name; the key `epoch` is omitted.
        """
        if self._quiet:
            return
        shown = [f"{k} {v:.4g}" for k, v in (figures or {}).items() if k != "epoch"]
        if self._terminal:
            self._bar.update(self._task, last="  ".join(shown or [milestone]))
            return
        line = ", ".join([f"{self._title}: {milestone}", *shown, f"{self._time_left()} left"])
        print(line, file=sys.stderr, flush=True)

    def _time_left(self) -> str:
        now_done = self._done - self._first
        if not now_done:
            return "unknown time"
        seconds = (time.monotonic() - self._started) / now_done * (self._total - self._done)
        return duration(seconds)


def duration(seconds: float) -> str:
    """Format a duration: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
