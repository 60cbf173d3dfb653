"""The results as a table on a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.report import counts
from benchmarks.report.core import machine_title
from benchmarks.report.table import Column, columns, conditions, notices
from device.system.terminal import printable_lines, verbatim

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult, Results


def show(results: "Results", console: Console) -> None:
    """Print the notices, a table of the main figures, and how they were measured."""
    console.print(f"On {machine_title(results)}", style="bold", markup=False, highlight=False)
    for line in notices(results):
        console.print(printable_lines(line), style="bold yellow", markup=False)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown = columns(results, brief=True)
    for i, column in enumerate(shown):
        # On a narrow terminal names are wrapped, figures are not.
        table.add_column(
            column.title.replace(" ", "\n"),
            justify="right" if i else "left",
            no_wrap=bool(i),
            overflow="fold",
        )
    for model in results["models"]:
        cells = (_cell(column, model) for column in shown)
        table.add_row(*map(verbatim, cells))
    console.print(table)
    if rows := counts.rows(results):
        places = [i for i, title in enumerate(counts.HEAD) if title in counts.BRIEF]
        brief = [[row[i].replace("; ", "\n") for i in places] for row in rows]
        _show(counts.BRIEF, brief, counts.caption(results), console)
    if frames := counts.frame_rows(results):
        _show(counts.frame_head(results), frames, counts.frame_caption(results), console)
    for line in conditions(results):
        console.print(printable_lines(line), style="dim", markup=False, highlight=False)


def _show(
    head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, console: Console
) -> None:
    """Print a table of counts with its caption."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in head:
        table.add_column(
            title.replace(" ", "\n"),
            justify="left" if title in ("core", "model", "board", "est. ms") else "right",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(verbatim, row))
    console.print(table)
    console.print(printable_lines(caption), style="dim", markup=False, highlight=False)


def _cell(column: Column, model: "ModelResult") -> str:
    figure, opening, interval = column.cell(model).partition(" [")
    return f"{figure}\n[{interval}" if opening and column.interval else figure
