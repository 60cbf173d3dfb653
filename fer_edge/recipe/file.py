"""Reads a recipe from a TOML file, with values overridden by the command line."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from device.errors import InputError
from device.system.validation import explain
from fer_edge.recipe.sections import Recipe
from fer_edge.recipe.training_sections import Teacher

_MAX_BYTES = 1_000_000


def names() -> list[str]:
    """The names of the recipes that ship with fer-edge."""
    folder = resources.files("fer_edge") / "recipes"
    return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))


def load(
    recipe: str, overrides: Sequence[str] = (), *, model: Mapping[str, Any] | None = None
) -> Recipe:
    """Load a recipe by name or path.

    Args:
        recipe: a name such as `small`, or the path of a `.toml` file.
        overrides: `section.key=value` each, the value as TOML would have it (a bare word is text).
        model: the `[model]` section of the initial weights, for a recipe whose own names no net;
            the options that the recipe gives replace those.

    Raises:
        InputError: no such recipe, no TOML, an unknown key or a value out of range.
    """
    path = Path(recipe)
    if path.suffix == ".toml":
        text, origin = _text(path), str(path)
    elif recipe in names():
        text = (resources.files("fer_edge") / "recipes" / f"{recipe}.toml").read_text("utf-8")
        origin = f"recipe {recipe}"
    else:
        known = ", ".join(names())
        raise InputError(f"no recipe {recipe!r}: give one of {known}, or the path of a .toml file")
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{origin} is nested too deeply for a recipe") from None
    except ValueError as error:  # TOMLDecodeError, and integers of thousands of digits
        raise InputError(f"{origin} is not TOML: {error}") from error
    values.setdefault("name", path.stem)
    given = values.get("model", {})
    if isinstance(given, dict) and "name" not in given:
        if model is None:
            raise InputError(f"{origin} has no [model]: give --init, for example --init zoo:base")
        values["model"] = {**model, **given}
    for override in overrides:
        _override(values, override)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{origin}: {explain(error, Recipe, 'recipe')}") from error
    except RecursionError:
        raise InputError(f"{origin} is nested too deeply for a recipe") from None


def of_teacher(student: Recipe, section: Teacher) -> Recipe:
    """Load the recipe of a student's teacher.

    Args:
        student: the student's recipe.
        section: its `[teacher]` section.

    Raises:
        InputError: no such recipe, one with other data than the student's, or one that is its own
            teacher.
    """
    teacher = load(section.recipe)
    if teacher.data != student.data.model_copy(update={"sources": {}}):
        raise InputError(
            f"recipe {student.name} and its teacher {teacher.name} differ in [data]: a teacher "
            "that saw other images may have seen those that test its student"
        )
    above, seen = teacher, {section.recipe}
    while above.teacher:
        if above.teacher.recipe in seen:
            raise InputError(f"recipe {above.name} is its own teacher: remove its [teacher]")
        seen.add(above.teacher.recipe)
        above = load(above.teacher.recipe)
    return teacher


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"no recipe file {path}")
    try:
        with path.open("rb") as handle:
            content = handle.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(content) > _MAX_BYTES:
        raise InputError(f"{path} is larger than {_MAX_BYTES:,} bytes: it is no recipe")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} is not UTF-8 (line {line}): save it as UTF-8") from error


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    *sections, last = (part.strip() for part in key.split("."))
    if not equals or not all((*sections, last)):
        raise InputError(f"--set {override}: give section.key=value, for example train.epochs=5")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except ValueError:
        value = text
    except RecursionError:
        raise InputError(f"--set {key}: the value is nested too deeply") from None
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {override}: {section} is not a section")
    values[last] = value
