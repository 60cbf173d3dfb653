"""How the commands for the zoo's makers tell of what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from device.errors import FerEdgeError


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """End a command with the error's exit code and one line where it can be explained."""
    try:
        yield
    except FerEdgeError as error:
        typer.echo(f"{name}: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
