"""Reliabilities of the modalities, read from a user's TOML file over defaults."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.modalities.pool import Reliability
from device.system.read_file import read_file

MAX_AGE = {"face": 1.0, "audio": 4.0, "text": 8.0}
"""Age in seconds at which the weight of a prediction reaches 0, by modality."""

_KEYS = ("weight", "temperature", "max_age")
_MAX_FILE = 1 << 20  # bytes


def load(path: Path, defaults: Mapping[str, Reliability]) -> dict[str, Reliability]:
    """Read a fusion file.

    Args:
        path: TOML file with tables `[face]`, `[audio]` and `[text]`, each with optional keys
            `weight`, `temperature` and `max_age`; missing keys keep their defaults.
        defaults: reliability of each active modality; tables of inactive ones are only validated.

    Raises:
        InputError: the file cannot be read, has an unknown table or key or a value out of range,
            or all weights are 0.
    """
    try:
        content = tomllib.loads(read_file(path, "--fusion file", limit=_MAX_FILE).decode())
    except (ValueError, RecursionError) as error:  # also for integers of thousands of digits
        raise InputError(f"--fusion {path}: is not valid TOML ({error})") from error
    found = dict(defaults)
    for name, values in content.items():
        if name not in MAX_AGE or not isinstance(values, dict):
            raise InputError(f"--fusion {path}: {name} is unknown: use [face], [audio] or [text]")
        unknown = [key for key in values if key not in _KEYS]
        if unknown:
            raise InputError(
                f"--fusion {path}: {name}.{unknown[0]} is unknown: use {', '.join(_KEYS)}"
            )
        before = defaults.get(name, Reliability(0.5, 1.0, MAX_AGE[name]))
        given = {key: _number(path, name, key, value) for key, value in values.items()}
        if name in found:
            found[name] = Reliability(
                given.get("weight", before.weight),
                given.get("temperature", before.temperature),
                given.get("max_age", before.max_age),
            )
    if not any(each.weight > 0 for each in found.values()):
        raise InputError(f"--fusion {path}: all weights are 0: set at least one above 0")
    return found


def _number(path: Path, name: str, key: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    low_enough = number and value <= 1e6
    high_enough = number and (value >= 0 if key == "weight" else value > 0)
    if not (low_enough and high_enough):
        wanted = "at least 0" if key == "weight" else "above 0"
        raise InputError(f"--fusion {path}: {name}.{key} is {value!r}: must be a number {wanted}")
    return float(value)
