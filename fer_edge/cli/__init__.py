"""The command line: parse, call, print; what a command does lives in the packages."""

import sys
from typing import Annotated

import typer

from device.errors import FerEdgeError
from fer_edge import __version__
from fer_edge.cli import bench, data, pipeline, predict, train

app = typer.Typer(
    name="fer-edge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: fer-edge pipeline demo --out runs/demo",
)
app.add_typer(data.app, name="data")
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("pipeline", epilog=pipeline.EXAMPLE)(pipeline.pipeline)
app.command("predict", epilog=predict.EXAMPLE)(predict.predict)
app.command("bench", epilog=bench.EXAMPLE)(bench.bench)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fer-edge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Train, shrink, measure and run facial-expression models on the edge."""


def main() -> None:
    """Run `fer-edge`: exit 0, 1 for a failed check, 2 for wrong input, 130 for Ctrl-C."""
    try:
        app()
    except FerEdgeError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"fer-edge: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("fer-edge: interrupted; the same command goes on from here", err=True)
        sys.exit(130)
