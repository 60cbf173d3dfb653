"""The file that lists the channels kept by channel pruning."""

import json
from collections.abc import Mapping
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing

KEPT = "kept.json"
"""File name."""


Kept = dict[str, list[int]]
"""Indices of the kept channels by group; a group that is not listed is kept whole."""


def save(kept: Mapping[str, list[int]], path: Path) -> None:
    """Write the kept channels atomically."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(kept) + "\n")


def load(path: Path) -> Kept:
    """Read the kept channels.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        kept = json.loads(path.read_text())
        return {str(group): [int(i) for i in channels] for group, channels in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} does not list the kept channels ({error}): remove {path.parent}"
        ) from error
