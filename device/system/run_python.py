"""A Python of another environment, run to its end with what it says kept."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from device.errors import GateError, InputError

TIMEOUT = 900.0
"""Seconds that it may take: reference kernels need minutes for a large net on a small board."""


def run_python(
    command: Sequence[str], environment: Mapping[str, str], *, what: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end.

    Args:
        command: the program first.
        environment: its variables, all of them but for what keeps it from writing bytecode.
        what: is being done, for the message where it takes too long.

    Returns:
        Exit code and both streams, for the caller to judge.

    Raises:
        InputError: the program cannot be started.
        GateError: it takes more than `TIMEOUT`.
    """
    try:
        return subprocess.run(
            command,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except OSError as error:
        raise InputError(f"{command[0]} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise GateError(f"{what} takes more than {TIMEOUT:.0f} seconds") from error


def without_own_packages() -> dict[str, str]:
    """This process's variables without `PYTHONPATH`: what it names belongs to this environment."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
