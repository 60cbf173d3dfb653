"""Options of the commands that read a data set in other people's layout."""

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.shared.options import MAP_HELP

Ferplus = Annotated[
    Path | None, typer.Option(help="FER+ votes of the same images (fer2013new.csv).")
]
MapName = Annotated[str | None, typer.Option("--map", help=MAP_HELP)]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Skip invalid rows and images, and report how many.")
]
ValFraction = Annotated[
    float | None,
    typer.Option(help="Fraction of train to use as val, for sources without a val split."),
]
TestFraction = Annotated[
    float | None,
    typer.Option(
        help="Fraction of train to use as test, for sources without test; taken before val."
    ),
]
