"""`fer-edge report`: writes reports from a results file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from device.errors import InputError
from fer_edge.cli.shared.json_output import print_json
from fer_edge.cli.shared.terminal import echo

if TYPE_CHECKING:
    from benchmarks.report import View

EXAMPLE = "Example: fer-edge report runs/bench/results.json --out report --format html,md,svg"

PLOTS = ("png", "svg")


def report(
    results: Annotated[
        Path, typer.Argument(help="results.json written by `bench`.", metavar="RESULTS")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the reports.", show_default="the folder of RESULTS"),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME,…",
            help="Formats to write: md, html, png, svg, csv, github; separate with commas.",
            show_default="all but svg",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON instead of a table.")
    ] = False,
) -> None:
    """Print a results file as a table and write it as reports and plots, replacing older ones."""
    from rich.console import Console

    from benchmarks import report as views
    from benchmarks.report import plots
    from benchmarks.results.file import load

    wanted = views.FORMATS if formats is None else _formats(formats)
    known = load(results)
    if not plots.available() and set(wanted) <= set(PLOTS):
        raise InputError(_no_plots())
    written = views.render(known, out or results.parent, wanted)
    if as_json:
        print_json(known)
    else:
        views.show(known, Console())
        for path in (path for paths in written.values() for path in paths):
            echo(path)
    if not plots.available() and set(wanted) & set(PLOTS):
        echo(f"fer-edge: {_no_plots()}", err=True)


def _formats(text: str) -> "list[View]":
    from benchmarks.report import View

    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(View)]
    if unknown or not names:
        raise InputError(f"--format {text}: use some of {', '.join(View)}, separated by commas")
    return [View(name) for name in names]


def _no_plots() -> str:
    return "no plots (png, svg): matplotlib is not installed, `pip install 'fer-edge[plot]'`"
