"""Option values that were spelled otherwise before: still read, with a line of warning."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import typer

from fer_edge.cli.shared.terminal import echo


def renamed_choice(choices: Sequence[str], renamed: Mapping[str, str]) -> Callable[[str], str]:
    """Make a parser of an option's values.

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
    """The values as `--help` shows those of other options."""
    return f"<{'|'.join(choices)}>"


@cache  # Typer may parse a value twice
def _warn(old: str, new: str) -> None:
    echo(f"fer-edge: warning: {old} is spelled {new} now", err=True)
