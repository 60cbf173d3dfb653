"""Progress of a known number of steps: a bar with time left on a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE_EVERY = 10.0
"""Seconds between two lines if the output is not a terminal."""


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """Show progress on standard error; call the yielded function before each step.

    The function takes a description of the step.

    Args:
        total: number of steps.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=total)
            yield lambda description: progress.update(task, advance=1, description=description)
        return
    started = said = time.monotonic()
    done = 0

    def line(description: str) -> None:
        nonlocal done, said
        now = time.monotonic()
        if done == 0 or now - said >= LINE_EVERY:
            said = now
            left = f", {(now - started) / done * (total - done):.0f} s left" if done else ""
            print(f"{description} ({done}/{total}{left})", file=sys.stderr, flush=True)
        done += 1

    yield line
