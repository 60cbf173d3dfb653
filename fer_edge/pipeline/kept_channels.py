"""The channels that channel pruning kept, as a file."""

import json
from collections.abc import Mapping
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing

KEPT = "kept.json"
"""File name of the channels that a step keeps."""


Kept = dict[str, list[int]]
"""By group of channels those that stay; a group that is not named stays whole."""


def save(kept: Mapping[str, list[int]], path: Path) -> None:
    """Write which channels stay, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(kept) + "\n")


def load(path: Path) -> Kept:
    """Read which channels stay.

    Raises:
        InputError: no such file, or another file.
    """
    try:
        kept = json.loads(path.read_text())
        return {str(group): [int(i) for i in channels] for group, channels in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} does not say which channels stay ({error}): remove {path.parent}"
        ) from error
