"""TOML and JSON files that somebody wrote: read within bounds, refused in one line."""

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device.errors import InputError

MAX_BYTES = 64_000_000
"""Largest file that is read: results of hundreds of models are some MB."""

MAX_NUMBER = 1e18
"""Largest magnitude of a number: squares and ratios of such numbers are still finite floats."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        InputError: no such file, too large, not UTF-8, no TOML, nested too deeply, or a number out
            of range.
    """
    return parse_toml(_read(path, "TOML"), path)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML; `path` names it in errors. Raises as `read_toml`."""
    try:
        values = tomllib.loads(text)
        wrong = next((one for one in _numbers(values) if not _fits(one[1])), None)
    except RecursionError:
        raise InputError(f"{path} is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError is one, and an integer of too many digits
        raise InputError(f"{path} is no TOML: {error}") from error
    if wrong is not None:
        key, number = wrong
        raise InputError(f"{path}: {key} is {str(number)[:24]}: give a number below {MAX_NUMBER:g}")
    return values


def read_json(path: Path) -> Any:
    """Read a JSON file as RFC 8259 has it, without NaN and Infinity.

    Raises:
        InputError: no such file, too large, not UTF-8, no JSON, nested too deeply, or a number out
            of range.
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
        raise InputError(f"{path} is no JSON file ({error})") from error


def _read(path: Path, kind: str) -> str:
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no regular file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has {path.stat().st_size:,} bytes, at most {MAX_BYTES:,}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no {kind}: it is not UTF-8") from error


def _bounded(number: Any, text: str) -> Any:
    if not _fits(number):
        raise ValueError(f"the number {text[:24]} is out of range")
    return number


def _fits(number: float) -> bool:
    return abs(number) <= MAX_NUMBER  # NaN does not


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int | float]]:
    """Give all numbers with the key that each stands under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, key)
    elif isinstance(value, int | float):
        yield key, value
