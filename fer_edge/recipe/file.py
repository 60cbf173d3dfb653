"""Reads a recipe from a TOML file and applies overrides."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from device.errors import InputError
from device.system.validation import explain
from fer_edge.recipe.sections import Recipe
from fer_edge.recipe.training_sections import Teacher
from fer_edge.section import Section

Kind = TypeVar("Kind", bound=Section)

MODALITIES = ("audio", "landmarks", "temporal", "text")
"""Recipes of other nets than those of faces, with sections and a command of their own."""

_MAX_BYTES = 1_000_000


def names() -> list[str]:
    """The names of the recipes of faces that ship with fer-edge."""
    folder = resources.files("fer_edge") / "recipes"
    found = sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))
    return [name for name in found if name not in MODALITIES]


def load(
    recipe: str, overrides: Sequence[str] = (), *, model: Mapping[str, Any] | None = None
) -> Recipe:
    """Load a recipe by name or path.

    Args:
        recipe: name such as `small`, or path of a `.toml` file.
        overrides: overrides as `section.key=value`, the value in TOML syntax (a bare word is a
            string).
        model: `[model]` section of the initial weights, for a recipe that names no net; options in
            the recipe take precedence.

    Raises:
        InputError: unknown recipe, invalid TOML, an unknown key or a value out of range.
    """
    if recipe in MODALITIES:
        raise InputError(f"{recipe} is the recipe of another net: use `fer-edge {recipe}`")
    values, origin = read(recipe, names())
    given = values.get("model", {})
    if isinstance(given, dict) and "name" not in given:
        if model is None:
            raise InputError(f"{origin} has no [model]: give --init, for example --init zoo:base")
        values["model"] = {**model, **given}
    override(values, overrides)
    return validate(Recipe, values, origin)


def validate(kind: type[Kind], values: Mapping[str, Any], origin: str) -> Kind:
    """Check the values of a recipe.

    Args:
        kind: class of the recipe.
        values: its sections, as of `read`, with the overrides applied.
        origin: what messages call the recipe.

    Raises:
        InputError: an unknown key, a value out of range, or sections nested too deeply.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{origin}: {explain(error, kind, 'recipe')}") from error
    except RecursionError:
        raise InputError(f"{origin} is nested too deeply for a recipe") from None


def load_modality(kind: type[Kind], name: str, recipe: str, overrides: Sequence[str]) -> Kind:
    """Load the recipe of another net than one of faces.

    Args:
        kind: class of the recipe.
        name: name of the recipe that ships.
        recipe: `name`, or the path of a `.toml` file.
        overrides: overrides as `section.key=value`.

    Raises:
        InputError: the recipe does not exist, is not valid TOML, or has an unknown key or a value
            out of range.
    """
    values, origin = read(recipe, [name])
    override(values, overrides)
    return validate(kind, values, origin)


def read(recipe: str, known: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Read the values of a recipe, whatever its sections are.

    Args:
        recipe: one of `known`, or the path of a `.toml` file.
        known: names of the recipes that ship and fit.

    Returns:
        The values, `name` among them, and what messages call the recipe.

    Raises:
        InputError: no such recipe, or no TOML.
    """
    path = Path(recipe)
    if path.suffix == ".toml":
        text, origin = _text(path), str(path)
    elif recipe in known:
        text = (resources.files("fer_edge") / "recipes" / f"{recipe}.toml").read_text("utf-8")
        origin = f"recipe {recipe}"
    else:
        raise InputError(
            f"no recipe {recipe!r}: give one of {', '.join(known)}, or the path of a .toml file"
        )
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{origin} is nested too deeply for a recipe") from None
    except ValueError as error:  # TOMLDecodeError, and integers of thousands of digits
        raise InputError(f"{origin} is not TOML: {error}") from error
    values.setdefault("name", path.stem)
    return values, origin


def override(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Replace values of a recipe in place.

    Args:
        values: the recipe's.
        overrides: `section.key=value` each, the value as TOML would have it (a bare word is text).

    Raises:
        InputError: an override has another form, or refers to a key inside a value that is not a
            section.
    """
    for each in overrides:
        _override(values, each)


def of_teacher(student: Recipe, section: Teacher) -> Recipe:
    """Load the recipe of a student's teacher.

    Args:
        student: recipe of the student.
        section: `[teacher]` section of the student.

    Raises:
        InputError: no such recipe, a recipe with other data than the student's, or one that is its
            own teacher.
    """
    teacher = load(section.recipe)
    if teacher.data != student.data.model_copy(update={"sources": {}}):
        raise InputError(
            f"recipe {student.name} and its teacher {teacher.name} differ in [data]: use the same "
            "[data], since a teacher trained on other images may have seen the test images"
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
        raise InputError(f"{path} is larger than {_MAX_BYTES:,} bytes: it is not a recipe")
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
