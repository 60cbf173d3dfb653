"""Progress bars on standard error that do not disturb a measurement."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_Item = TypeVar("_Item")

_PAUSE = 0.5  # seconds


def skipped(what: str, path: Path | None, reason: str) -> None:
    """Print one line on standard error about something that cannot be measured, and why."""
    of = f" of {path}" if path else ""
    print(f"fer-edge: no {what}{of}: {reason}", file=sys.stderr)


def track(items: Iterable[_Item], what: str, total: int) -> Iterator[_Item]:
    """Show a progress bar while iterating.

    The bar is redrawn between items, at most twice a second: a thread that redraws it would take
    processor time from the measured calls, and redrawing takes milliseconds on a small board.

    Args:
        items: items to iterate over.
        what: label of the bar.
        total: number of items.
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        auto_refresh=False,
    ) as progress:
        task = progress.add_task(what, total=total)
        drawn = 0.0
        for done, item in enumerate(items, 1):
            yield item
            if monotonic() - drawn > _PAUSE:
                progress.update(task, completed=done, refresh=True)
                drawn = monotonic()
