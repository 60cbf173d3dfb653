"""Reads and writes `evaluation.json`."""

import json
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge.evaluation.types import SCHEMA_VERSION, Evaluation

SCHEMA = Path(__file__).parent / "evaluation.schema.json"


def save(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation atomically."""
    text = json.dumps(asdict(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Evaluation:
    """Read an evaluation.

    Raises:
        InputError: the file is missing or not an evaluation of this version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema_version"].split(".")[0] != SCHEMA_VERSION.split(".")[0]:
            raise InputError(
                f"{path} has schema version {content['schema_version']}: update fer-edge"
            )
        evaluation: Evaluation = from_json(Evaluation, content)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not an evaluation.json of fer-edge eval") from error
    return evaluation


def from_json(kind: Any, value: Any) -> Any:
    """Build a value of a type composed of dataclasses, lists, unions and JSON types.

    Raises:
        TypeError: the value does not match the type.
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        given = {
            f.name: from_json(hints[f.name], value[f.name])
            for f in fields(kind)
            if f.name in value or (f.default is MISSING and f.default_factory is MISSING)
        }
        return kind(**given)  # type: ignore[operator]
    if get_origin(kind) is list:
        if not isinstance(value, list):
            raise TypeError(f"{type(value).__name__} is not a list")
        return [from_json(get_args(kind)[0], one) for one in value]
    if get_origin(kind) in (Union, UnionType):
        if value is None:
            return None
        return from_json(next(k for k in get_args(kind) if k is not type(None)), value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not a {kind.__name__}")
    return value
