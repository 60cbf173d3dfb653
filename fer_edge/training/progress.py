"""A progress bar with the time left, on a terminal; silence elsewhere."""

from types import TracebackType

import rich.progress
from rich.console import Console


class Progress:
    """Steps of a training on stderr, with the last epoch's figures."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        console = Console(stderr=True)
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.TaskProgressColumn(),
            rich.progress.TimeRemainingColumn(),
            rich.progress.TextColumn("{task.fields[last]}"),
            console=console,
            disable=not console.is_terminal,
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
        """So many more steps are done."""
        self._bar.advance(self._task, steps)

    def say(self, row: dict[str, float]) -> None:
        """Show the figures of an epoch."""
        figures = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "epoch")
        self._bar.update(self._task, last=figures)
