"""Error lines of the maintainers' commands."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from device.errors import FerEdgeError


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """Turn an error into one line and its exit code."""
    try:
        yield
    except FerEdgeError as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
