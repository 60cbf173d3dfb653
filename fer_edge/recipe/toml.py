"""Writes a recipe as TOML that `file.load` reads."""

import json
from collections.abc import Mapping
from typing import Any

from fer_edge.recipe.sections import Recipe


def dumps(recipe: Recipe) -> str:
    """Write the values of a recipe that differ from the defaults."""
    values = recipe.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{name} = {_value(v)}" for name, v in values.items() if not isinstance(v, dict)]
    for name, section in values.items():
        if isinstance(section, dict):
            lines += _table(name, section)
    return "\n".join(lines) + "\n"


def _table(name: str, section: Mapping[str, Any]) -> list[str]:
    lines = ["", f"[{name}]"]
    lines += [f"{_key(k)} = {_value(v)}" for k, v in section.items() if v is not None]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return "[\n" + "".join(f"    {_value(each)},\n" for each in value) + "]"
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # valid TOML for text, numbers and booleans


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)
