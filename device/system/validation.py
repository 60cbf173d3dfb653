"""One-line errors for a TOML file that a pydantic model rejects: key, problem and fix.

pydantic itself is not imported here; only modules that validate with it do.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Place = Sequence[int | str]

_LONGEST = 60
"""Maximum number of characters of a rejected value that are printed."""

_MOST = 3
"""Maximum number of sections suggested for a key in the wrong section."""


def explain(error: "ValidationError", root: "type[BaseModel]", file: str) -> str:
    """Describe the first error; an unknown key first, as it may have caused the others.

    Args:
        error: error raised by `root.model_validate`.
        root: model of the whole file.
        file: kind of file for the message, such as "recipe".

    Returns:
        One line without a full stop, such as "train.epoch is not a key of a recipe: did you mean
        epochs?".
    """
    errors = error.errors(include_url=False)
    unknown = [each for each in errors if each["type"] == "extra_forbidden"]
    first = (unknown or errors)[0]
    where = _dotted(part for part in first["loc"] if part not in _tags(first["loc"], root)) or file
    if first["type"] == "extra_forbidden":
        return f"{where} is not a key of a {file}{_suggestion(first['loc'], root)}"
    if first["type"] == "missing":
        return _missing(errors, where)
    if first["type"] == "value_error":
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    wanted = _wanted(first, root)
    if wanted is None:
        return f"{where}: {first['msg']}"
    value = repr(first["input"])
    short = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return f"{where} is {short}: give {wanted}"


def _missing(errors: "Sequence[ErrorDetails]", where: str) -> str:
    """Name all missing keys of the section in which the first one is missing."""
    first = next(each for each in errors if each["type"] == "missing")
    beside = [
        str(each["loc"][-1])
        for each in errors
        if each["type"] == "missing" and each["loc"][:-1] == first["loc"][:-1]
    ]
    others = ", ".join(beside[1:])
    also = f", and so {'are' if len(beside) > 2 else 'is'} {others}" if others else ""
    return f"{where} is missing{also}"


def _wanted(error: "ErrorDetails", root: "type[BaseModel]") -> str | None:
    """Describe a valid value; None to use pydantic's message."""
    context = error.get("ctx", {})
    match error["type"]:
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "string_type":
            return "a string in quotes"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"a whole number{_range(error['loc'], root)}"
        case "float_type" | "float_parsing" | "finite_number":
            return f"a number{_range(error['loc'], root)}"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return _range(error["loc"], root).removeprefix(": ") or _bounds(context)
        case "literal_error" | "enum":
            return str(context["expected"])
        case "dict_type" | "model_type" | "model_attributes_type":
            return "a table of keys and values"
        case "list_type" | "tuple_type":
            return "a list in square brackets"
        case "too_short":
            return f"{context['min_length']} or more values"
        case "too_long":
            return f"at most {context['max_length']} values"
    return None


def _range(loc: Place, root: "type[BaseModel]") -> str:
    """The range of the number at a place, such as ": 0 to 1"; empty if it has none."""
    sections = _sections_at(loc[:-1], root)
    fields = [section.model_fields[str(loc[-1])] for section in sections if _has(section, loc[-1])]
    if not fields:
        return ""
    bounds = {
        name: getattr(constraint, name)
        for constraint in fields[0].metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(constraint, name, None) is not None
    }
    written = _bounds(bounds)
    return f": {written}" if written else ""


def _bounds(bounds: Mapping[str, Any]) -> str:
    """Format bounds as "0 to 1", "1 or more", or "more than 0 and less than 1"."""
    written = {name: _number(value) for name, value in bounds.items() if math.isfinite(value)}
    if {"ge", "le"} <= written.keys():
        return f"{written['ge']} to {written['le']}"
    forms = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}"}
    return " and ".join(forms[name].format(written[name]) for name in forms if name in written)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _suggestion(loc: Place, root: "type[BaseModel]") -> str:
    """Suggest a key instead of an unknown one: a similar one here, or one of another section."""
    key = str(loc[-1])
    sections = _sections_at(loc[:-1], root)
    here = list(dict.fromkeys(name for each in sections for name in each.model_fields))
    close = get_close_matches(key, here, n=1)
    if close:
        return f": did you mean {close[0]}?"
    own = _dotted(part for part in loc if part not in _tags(loc, root))
    elsewhere = {place: name for place, name in _places(root) if place != own}
    known = list(dict.fromkeys(elsewhere.values()))
    names = get_close_matches(key, known, n=1, cutoff=0.8)
    places = [place for place, name in elsewhere.items() if name in names]
    if places and len(loc) > 1 and "." not in places[0]:
        return f": did you mean {places[0]}, at the top of the file?"
    if places:
        return f": did you mean {' or '.join(places[:_MOST])}?"
    return f": valid keys are {', '.join(here)}"


def _places(root: "type[BaseModel]") -> Iterator[tuple[str, str]]:
    """Yield the keys of the file and of its sections, required sections first.

    Yields:
        Dotted place and last part.
    """
    fields = sorted(root.model_fields.items(), key=lambda field: not field[1].is_required())
    for name, field in fields:
        yield name, name
        table = getattr(field.annotation, "__origin__", None) is dict
        for section in _sections_in(field.annotation):
            for inner in section.model_fields:
                yield f'{name}."*".{inner}' if table else f"{name}.{inner}", inner


def _sections_at(loc: Place, root: "type[BaseModel]") -> "list[type[BaseModel]]":
    """Return the models that are valid at a place."""
    found = [root]
    for part in loc:
        fields = [section.model_fields[str(part)] for section in found if _has(section, part)]
        if fields:
            found = [s for field in fields for s in _sections_in(field.annotation)]
        else:  # a number in a list, a key of a table, or the kind of a section
            found = [section for section in found if part in _kinds(section)] or found
    return found


def _sections_in(annotation: Any) -> "list[type[BaseModel]]":
    """Return the models in a type annotation."""
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections_in(inner)]


def _has(section: "type[BaseModel]", part: int | str) -> bool:
    return part in section.model_fields


def _tags(loc: Place, root: "type[BaseModel]") -> set[int | str]:
    """Return the parts of a place that select one of several models and are not keys of the file.

    pydantic reports `model.mobilenet.width` for `width` of a `[model]` whose name is `mobilenet`.
    """
    return {
        part
        for i, part in enumerate(loc)
        if any(part in _kinds(section) for section in _sections_at(loc[:i], root))
        and not any(_has(section, part) for section in _sections_at(loc[:i], root))
    }


def _kinds(section: "type[BaseModel]") -> tuple[Any, ...]:
    """Return the valid values of a section's `name`, if they are limited."""
    field = section.model_fields.get("name")
    return get_args(field.annotation) if field else ()


def _dotted(parts: Iterator[int | str]) -> str:
    """Format a place in TOML syntax, with quotes around keys that are not bare."""
    return ".".join(
        part if part.replace("_", "").replace("-", "").isalnum() else f'"{part}"'
        for part in map(str, parts)
    )
