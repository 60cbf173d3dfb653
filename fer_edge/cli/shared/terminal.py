"""Printing of plain text to a terminal."""

import typer

from device.system.terminal import printable_lines


def echo(text: object, *, err: bool = False) -> None:
    """Print text that may contain file names or labels; control characters are escaped."""
    typer.echo(printable_lines(text), err=err)
