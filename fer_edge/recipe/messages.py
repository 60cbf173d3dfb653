"""One line for a recipe that is not valid: which key, what is wrong, and what was meant."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from fer_edge.recipe.sections import Recipe


def explain(error: ValidationError) -> str:
    """Describe the first error of a recipe, an unknown key before anything that it may have caused.

    Args:
        error: what `Recipe.model_validate` raised.
    """
    errors = error.errors()
    unknown = [each for each in errors if each["type"] == "extra_forbidden"]
    first = (unknown or errors)[0]
    loc = first["loc"]
    where = ".".join(str(part) for part in loc if part not in _tags(loc)) or "recipe"
    if first["type"] == "extra_forbidden":
        return f"{where} is no key of a recipe{_suggestion(loc)}"
    if first["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _suggestion(loc: Sequence[int | str]) -> str:
    """What the unknown key at the end of `loc` probably stands for."""
    key = str(loc[-1])
    here = sorted({name for section in _sections_at(loc[:-1]) for name in section.model_fields})
    close = get_close_matches(key, here, n=1)
    if close:
        return f": did you mean {close[0]}?"
    elsewhere = {
        f"{name}.{inner}"
        for name, field in Recipe.model_fields.items()
        for section in _sections_in(field.annotation)
        for inner in section.model_fields
    }
    places = sorted(place for place in elsewhere if place.split(".")[1] == key)
    if places:
        places.sort(key=lambda place: not place.startswith("train."))
        return f": did you mean {' or '.join(places)}?"
    return f": here are {', '.join(here)}"


def _sections_at(loc: Sequence[int | str]) -> list[type[BaseModel]]:
    """The sections that may stand at a place of a recipe."""
    found: list[type[BaseModel]] = [Recipe]
    for part in loc:
        fields = [s.model_fields[part] for s in found if part in s.model_fields]
        if fields:
            found = [s for field in fields for s in _sections_in(field.annotation)]
        else:
            found = [s for s in found if part in _names(s)] or found
    return found


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a type annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections_in(inner)]


def _tags(loc: Sequence[int | str]) -> set[int | str]:
    """Parts of a place that name the kind of net and are no key: `model.mobilenet.width`."""
    return set(loc[1:2]) if loc[:1] == ("model",) and len(loc) > 1 and _is_net(loc[1]) else set()


def _is_net(part: int | str) -> bool:
    return any(part in _names(net) for net in _sections_in(Recipe.model_fields["model"].annotation))


def _names(section: type[BaseModel]) -> tuple[Any, ...]:
    """The values of a section's `name` key, where it is one of a few."""
    field = section.model_fields.get("name")
    return get_args(field.annotation) if field else ()
