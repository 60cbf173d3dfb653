"""Runs a Python interpreter of this or another environment and captures its output."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from device.errors import InputError, RuntimeCrashError

TIMEOUT = 900.0
"""Time limit in seconds; reference kernels need minutes for a large net on a small board."""


def run_python(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    what: str,
    timeout: float = TIMEOUT,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to completion.

    Args:
        command: program and arguments.
        environment: environment variables; PYTHONDONTWRITEBYTECODE is added.
        what: subject of the timeout message, such as "model.tflite:".
        timeout: time limit in seconds.

    Returns:
        Exit code, standard output and standard error, for the caller to evaluate.

    Raises:
        InputError: the program cannot be started.
        RuntimeCrashError: the command exceeds `timeout`.
    """
    try:
        return subprocess.run(
            command,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except OSError as error:
        raise InputError(f"{command[0]} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeCrashError(f"{what} takes more than {timeout:.0f} seconds") from error


def without_own_packages() -> dict[str, str]:
    """The environment variables without `PYTHONPATH`, which refers to this environment."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
