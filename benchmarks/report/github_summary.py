"""The step summary of GitHub Actions: Markdown that the page of a workflow run shows."""

import os
from pathlib import Path

from device.errors import InputError

VARIABLE = "GITHUB_STEP_SUMMARY"
"""Environment variable with the path of the summary file."""


def append(text: str) -> None:
    """Append Markdown to the step summary; outside of GitHub Actions nothing happens.

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
