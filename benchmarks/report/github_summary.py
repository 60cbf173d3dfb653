"""The summary of a step of GitHub Actions: Markdown that a workflow's page shows."""

import os
from pathlib import Path

from device.errors import InputError

VARIABLE = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the step's file."""


def append(text: str) -> None:
    """Add Markdown to the summary of the step; outside of GitHub Actions nothing happens.

    Raises:
        InputError: the file that the variable names cannot be written.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise InputError(f"{VARIABLE}={name} cannot be written: {error.strerror}") from error
