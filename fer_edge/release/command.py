"""Error handling of the maintainers' commands."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from device.errors import FerEdgeError


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """Print an error as one line and exit with its code."""
    try:
        yield
    except FerEdgeError as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
