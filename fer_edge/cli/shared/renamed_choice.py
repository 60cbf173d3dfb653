"""Option values with an older spelling, which is still accepted with a warning."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import typer

from fer_edge.cli.shared.terminal import echo


def renamed_choice(choices: Sequence[str], renamed: Mapping[str, str]) -> Callable[[str], str]:
    """Make a parser for the values of an option.

    Args:
        choices: values of the option.
        renamed: old spelling to new spelling.
    """

    def parse(value: str) -> str:
        if value in renamed:
            _warn(value, renamed[value])
            value = renamed[value]
        if value not in choices:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}")
        return value

    return parse


def metavar(choices: Sequence[str]) -> str:
    """The values in the format in which `--help` shows other choices."""
    return f"<{'|'.join(choices)}>"


@cache  # Typer may parse a value twice
def _warn(old: str, new: str) -> None:
    echo(f"fer-edge: warning: {old} is now spelled {new}", err=True)
