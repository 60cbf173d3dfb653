"""Bars that say on standard error how far a measurement is, and do not disturb it."""

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
    """Say on standard error, in one line, what was asked for and is not measured, and why."""
    of = f" of {path}" if path else ""
    print(f"fer-edge: no {what}{of}: {reason}", file=sys.stderr)


def track(items: Iterable[_Item], what: str, total: int) -> Iterator[_Item]:
    """Show how many of the items were taken.

    A bar that redraws itself from a thread of its own would be timed along: it is redrawn between
    items, and at most twice a second, as it takes milliseconds on a small board.

    Args:
        items: what is measured, one after the other.
        what: in words.
        total: how many items.
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
