"""Generate the JSON Schema of `results.json`: `python -m benchmarks.results.json_schema`."""

import json
from typing import Any

from benchmarks.results.file import SCHEMA
from benchmarks.results.types import Results
from device.system.atomic_file import replacing


def build() -> dict[str, Any]:
    """Generate the schema (JSON Schema 2020-12) from the types."""
    from pydantic import TypeAdapter

    schema = _without_titles(TypeAdapter(Results).json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fer-edge benchmark results",
        **schema,
    }


def text() -> str:
    """Return the content of the schema file."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema file."""
    with replacing(SCHEMA) as partial:
        partial.write_text(text(), encoding="utf-8")


def _without_titles(value: Any) -> Any:
    """Remove pydantic's titles, which repeat the keys; properties named `title` stay."""
    if isinstance(value, list):
        return [_without_titles(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _without_titles(item) for name, item in item.items()}
        if key in ("properties", "$defs")
        else _without_titles(item)
        for key, item in value.items()
        if key != "title" or not isinstance(item, str)
    }


if __name__ == "__main__":
    main()
