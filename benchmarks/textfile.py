"""Read TOML and JSON files within bounds, with one-line errors."""

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.errors import InputError

MAX_BYTES = 64_000_000
"""Largest file that is read; results of hundreds of models have a few MB."""

MAX_NUMBER = 1e18
"""Largest magnitude of a number: squares and ratios of such numbers are still finite floats."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        InputError: the file is missing, too large, not UTF-8, not TOML or nested too deeply, or has
            a number out of range.
    """
    return parse_toml(_read(path, "TOML"), path)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML.

    Args:
        text: content of the file.
        path: name of the file in errors.

    Raises:
        InputError: as of `read_toml`.
    """
    try:
        values = tomllib.loads(text)
        wrong = next((one for one in _numbers(values) if not _fits(one[1])), None)
    except RecursionError:
        raise InputError(f"{path} is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and integers of too many digits
        raise InputError(f"{path} is not TOML: {error}") from error
    if wrong is not None:
        key, number = wrong
        raise InputError(f"{path}: {key} is {str(number)[:24]}: give a number below {MAX_NUMBER:g}")
    return values


def read_json(path: Path) -> Any:
    """Read a JSON file (RFC 8259, so without NaN and Infinity).

    Raises:
        InputError: the file is missing, too large, not UTF-8, not JSON or nested too deeply, or has
            a number out of range.
    """
    try:
        return json.loads(
            _read(path, "JSON file"),
            parse_float=lambda text: _bounded(float(text), text),
            parse_int=lambda text: int(_bounded(int(text), text)),
            parse_constant=lambda text: _bounded(math.nan, text),
        )
    except RecursionError:
        raise InputError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{path} is not a JSON file ({error})") from error


def _read(path: Path, kind: str) -> str:
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has {path.stat().st_size:,} bytes, at most {MAX_BYTES:,}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a {kind}: it is not UTF-8") from error


def _bounded(number: Any, text: str) -> Any:
    if not _fits(number):
        raise ValueError(f"the number {text[:24]} is out of range")
    return number


def _fits(number: float) -> bool:
    return abs(number) <= MAX_NUMBER  # false for NaN


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int | float]]:
    """Yield all numbers, each with its key."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, key)
    elif isinstance(value, int | float):
        yield key, value
