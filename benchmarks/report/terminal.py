"""The table of results for a terminal."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.report import counts
from benchmarks.report.core import machine_title
from benchmarks.report.table import Column, columns, conditions, notices


def show(results: dict[str, Any], console: Console) -> None:
    """Print the notices, a table of the main figures, and how they were measured."""
    console.print(f"On {machine_title(results)}", style="bold", markup=False, highlight=False)
    for line in notices(results):
        console.print(line, style="bold yellow", markup=False)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown = columns(results, brief=True)
    for i, column in enumerate(shown):
        # A narrow terminal folds the names, and no figure.
        table.add_column(
            column.title.replace(" ", "\n"),
            justify="right" if i else "left",
            no_wrap=bool(i),
            overflow="fold",
        )
    for model in results["models"]:
        cells = (_cell(column, model) for column in shown)
        table.add_row(*map(escape, cells))
    console.print(table)
    if rows := counts.rows(results):
        _show_counts(rows, counts.caption(results), console)
    for line in conditions(results):
        console.print(line, style="dim", markup=False, highlight=False)


def _show_counts(rows: list[list[str]], caption: str, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown = [i for i, title in enumerate(counts.HEAD) if title in counts.BRIEF]
    for title in counts.BRIEF:
        figure = title not in ("core", "model", "est. ms")
        table.add_column(
            title.replace(" ", "\n"), justify="right" if figure else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(escape(row[i].replace("; ", "\n")) for i in shown))
    console.print(table)
    console.print(caption, style="dim", markup=False, highlight=False)


def _cell(column: Column, model: dict[str, Any]) -> str:
    figure, opening, interval = column.cell(model).partition(" [")
    return f"{figure}\n[{interval}" if opening and column.interval else figure
