"""What the commands print with `--json`."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import typer

SCHEMA_VERSION = "1.0"


def print_json(values: Mapping[str, Any], *, schema_version: str = SCHEMA_VERSION) -> None:
    """Print one JSON object on a line of its own, `schema_version` first.

    Numbers that are not finite become null: JSON has no word for them.

    Args:
        values: JSON types by name.
        schema_version: version of the object's form.
    """
    content = {"schema_version": schema_version, **values}
    typer.echo(json.dumps(_finite(content), ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(inner) for inner in value]
    return value
