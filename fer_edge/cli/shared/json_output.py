"""JSON output of the commands (`--json`)."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from device.labels import printable_json

SCHEMA_VERSION = "1.0"


def print_json(values: Mapping[str, Any], *, schema_version: str = SCHEMA_VERSION) -> None:
    """Print one JSON object on one line, `schema_version` first; see `echo_json`.

    Args:
        values: values of JSON types, by name.
        schema_version: version of the object's schema.
    """
    content = {"schema_version": schema_version, **values}
    echo_json(content)


def echo_json(value: Any, *, indent: int | None = None) -> None:
    """Print JSON in UTF-8; characters that a terminal could take for control codes are escaped.

    Numbers that are not finite become null, since JSON cannot represent them.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)
    typer.echo(printable_json(text))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(inner) for inner in value]
    return value
