"""Descriptions of other people's data sets: where label, person and face stand, as TOML."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from annotated_types import Ge
from pydantic import Field, ValidationError, model_validator

from device.errors import InputError
from device.geometry import MAX_MARGIN
from fer_edge.section import Section

ROLES = (
    *("file", "label", "subject", "sequence", "split"),
    *("x", "y", "w", "h", "left", "top", "right", "bottom"),
)
"""Names of groups and columns with a meaning; every other name is an attribute of the image."""


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


class Index(Section):
    """A table with a line for each face.

    Attributes:
        file: regular expression of its path; named groups hold for all of its lines.
        columns: for each role or attribute a column: its name in the header, or its number from 0
            in a table without header.
        image: path of an image, from its end; `{file}` is the column `file`, `{stem}` the same
            without its ending.
    """

    file: str
    columns: dict[str, str | Annotated[int, Ge(0)]]
    image: str = "{file}"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if "file" not in self.columns:
            raise ValueError("columns has no `file`: name the column of the images' names")
        if len({type(column) for column in self.columns.values()}) > 1:
            raise ValueError("columns mixes names and numbers: give one or the other")
        if "{file}" not in self.image and "{stem}" not in self.image:
            raise ValueError("image holds neither {file} nor {stem}")
        _compiled(self.file)
        return self


class Sequences(Section):
    """Frames of which a file in another folder gives the label (CK+).

    Attributes:
        labels: regular expression of the file with the label; `{name}` stands for what the group
            `name` of the image's pattern found.
        last: number of frames at the end of a sequence that show the label.
        first: label of the first frame; "" leaves it out.
    """

    labels: str
    last: Annotated[int, Ge(1)] = 1
    first: str = ""


class LabelMap(Section):
    """How a data set is laid out, and what its labels mean.

    Attributes:
        name: name of the data set.
        license: its terms in short, which the data file repeats.
        pattern: regular expression of an image's path, with named groups of `ROLES` or attributes.
        index: a table that lists the faces.
        sequences: labels in files of their own.
        labels: the set's labels by what they mean; "" leaves such images out. A label that is a
            known name of an expression needs no entry.
        splits: the set's names of train, val and test, where they are others.
        faces: `whole`: the images are faces; `box`: the index gives boxes (a line
            without one: the whole image); `detect`: the face
            detector looks for the largest face.
        margin: added around a box on each side, as a fraction of its longer side.
    """

    name: str
    license: str = ""
    pattern: str | None = None
    index: Index | None = None
    sequences: Sequences | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    splits: dict[str, Literal["train", "val", "test"]] = Field(default_factory=dict)
    faces: Literal["whole", "box", "detect"] = "whole"
    margin: float = Field(default=0.0, gt=-0.5, le=MAX_MARGIN)

    @model_validator(mode="after")
    def _check(self) -> Self:
        groups = set(_compiled(self.pattern).groupindex) if self.pattern else set()
        columns = set(self.index.columns) if self.index else set()
        if not self.pattern and not self.index:
            raise ValueError("give a pattern of the images' paths, or an [index]")
        if self.sequences and "sequence" not in groups:
            raise ValueError("[sequences] needs a group `sequence` in the pattern")
        if not self.sequences and "label" not in groups | columns:
            raise ValueError("nothing says the label: a group (?P<label>…) or a column `label`")
        boxes = ({"x", "y", "w", "h"}, {"left", "top", "right", "bottom"})
        if self.faces == "box" and not any(box <= columns for box in boxes):
            raise ValueError('faces = "box" needs columns x, y, w, h or left, top, right, bottom')
        return self


def names() -> list[str]:
    """Names of the maps that come with the package."""
    files = resources.files("fer_edge.data").joinpath("maps").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load(name: str) -> LabelMap:
    """Read a map by its name, or from a file of one's own.

    Args:
        name: one of `names`, or the path of a `.toml`.

    Raises:
        InputError: there is no such map, or what is wrong with it.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8 text"
            raise InputError(f"--map {name}: cannot be read ({reason})") from error
    elif name in names():
        found = resources.files("fer_edge.data").joinpath("maps", f"{name}.toml")
        text = found.read_text(encoding="utf-8")
    else:
        raise InputError(f"--map {name}: give one of {', '.join(names())}, or a .toml of your own")
    try:
        return LabelMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"--map {name}: is no TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"--map {name}: {where + ': ' if where else ''}{message}") from error
