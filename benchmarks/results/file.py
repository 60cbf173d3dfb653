"""`results.json`: the one file that a measurement leaves, and that every report is a view of."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.results import upgrade
from benchmarks.textfile import read_json
from device.errors import InputError
from device.system.atomic_file import replacing

SCHEMA_VERSION = "2.1"
SCHEMA = Path(__file__).parents[1] / "schema" / "results.schema.json"
SCHEMAS = {"1.0": SCHEMA.with_name("results-1.0.schema.json"), SCHEMA_VERSION: SCHEMA}
"""By version: what files are checked against."""

READ = ("1.0", "2.0", SCHEMA_VERSION)
"""The versions that `load` reads."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def save(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON, whole or not at all; a file that stood there is replaced."""
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """Read results, and check that everything a report needs is there.

    Returns:
        Results of the current schema; what an older file did not measure is None.

    Raises:
        InputError: the file is missing, no JSON, of another schema version, or incomplete.
    """
    results = read_json(path)
    version = results.get("schema_version") if isinstance(results, dict) else None
    if version is None:
        raise InputError(f"{path} is not a results.json: it has no schema_version")
    if not isinstance(version, str) or version not in READ:
        raise InputError(
            f"{path} has schema version {version}, this fer-edge reads {', '.join(READ)}: "
            "measure again with `fer-edge bench`"
        )
    if version.startswith("2."):  # a minor version adds keys and changes none
        results, version = upgrade.from_2(results), SCHEMA_VERSION
    schema = _schema(version)
    flaw = _flaw(results, schema, "results", schema["$defs"])
    if flaw:
        raise InputError(f"{path} is not a whole results.json: {flaw}")
    return results if version == SCHEMA_VERSION else upgrade.from_1_0(results)


@cache
def _schema(version: str) -> dict[str, Any]:
    return json.loads(SCHEMAS[version].read_text(encoding="utf-8"))


def _flaw(value: Any, schema: dict[str, Any], where: str, known: dict[str, Any]) -> str | None:
    """Find the first missing key or wrong type: of JSON Schema what a report relies on.

    Args:
        value: of the file.
        schema: that it should follow.
        where: it stands, for the message.
        known: the definitions that the schema refers to.
    """
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        flaws = [_flaw(value, option, where, known) for option in schema["anyOf"]]
        return None if None in flaws else flaws[0]
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if choices and value not in choices:
        return f"{where} is {value!r}, not {' or '.join(map(repr, choices))}"
    if "type" in schema and not _is(value, schema["type"]):
        return f"{where} should be {schema['type']}"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"{where} has {len(value)} items"
        parts = [(f"{where}[{i}]", item, schema.get("items", {})) for i, item in enumerate(value)]
    elif isinstance(value, dict):
        missing = [key for key in schema.get("required", ()) if key not in value]
        if missing:
            return f"{where} lacks {', '.join(missing)}"
        rules = schema.get("properties", {})
        parts = [(f"{where}.{key}", item, rules.get(key, {})) for key, item in value.items()]
    else:
        return None
    return next((flaw for at, item, rule in parts if (flaw := _flaw(item, rule, at, known))), None)


def _is(value: Any, names: str | list[str]) -> bool:
    wanted = [names] if isinstance(names, str) else names
    if isinstance(value, bool):  # which Python counts among the integers
        return "boolean" in wanted
    return any(isinstance(value, _TYPES[name]) for name in wanted)
