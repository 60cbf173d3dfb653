"""Maps: TOML descriptions of the layout and labels of other data sets."""

import re
from importlib import resources
from typing import Annotated, Literal, Self

from annotated_types import Ge
from pydantic import Field, model_validator

from device.geometry import MAX_MARGIN
from fer_edge.data import map_file
from fer_edge.section import Section

ROLES = (
    *("file", "label", "subject", "sequence", "split"),
    *("x", "y", "w", "h", "left", "top", "right", "bottom"),
)
"""Names of groups and columns with a fixed meaning; other names are attributes of the image."""


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


class Index(Section):
    """A table with one line per face.

    Attributes:
        file: regular expression of the table's path; its named groups apply to all lines.
        columns: column of each role or attribute: its name in the header, or its number from 0 in a
            table without header.
        image: path of an image, or its end; `{file}` is the column `file`, `{stem}` the same
            without its suffix.
    """

    file: str
    columns: dict[str, str | Annotated[int, Ge(0)]]
    image: str = "{file}"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if "file" not in self.columns:
            raise ValueError("columns has no `file`: add the column of the image names")
        if len({type(column) for column in self.columns.values()}) > 1:
            raise ValueError("columns mixes names and numbers: use one or the other")
        if "{file}" not in self.image and "{stem}" not in self.image:
            raise ValueError("image contains neither {file} nor {stem}: add one of them")
        _compiled(self.file)
        return self


class Sequences(Section):
    """Sequences of frames that are labeled in separate files (CK+).

    Attributes:
        labels: regular expression of the label file's path; `{name}` is replaced by the group
            `name` of the image's pattern.
        last: number of frames at the end of a sequence that have the label.
        first: label of the first frame; "" excludes it.
    """

    labels: str
    last: Annotated[int, Ge(1)] = 1
    first: str = ""


class LabelMap(Section):
    """Layout and labels of a data set.

    Attributes:
        name: name of the data set.
        license: short form of its terms, copied to the data file.
        pattern: regular expression of an image's path, with named groups of `ROLES` or attributes.
        index: table that lists the faces.
        sequences: labels in separate files.
        labels: meaning of each of the set's labels; "" excludes its images. A label that is a known
            name of an expression needs no entry.
        splits: the set's names of train, val and test, if they differ.
        faces: `whole`: the images are faces; `box`: the index contains boxes (without a box the
            whole image is used); `detect`: the face detector looks for the largest face.
        margin: margin around a box on each side, as a fraction of its longer side.
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
            raise ValueError("give a pattern of the image paths, or an [index]")
        if self.sequences and "sequence" not in groups:
            raise ValueError("[sequences] needs a group `sequence` in the pattern")
        if not self.sequences and "label" not in groups | columns:
            raise ValueError("no label: add a group (?P<label>…) or a column `label`")
        boxes = ({"x", "y", "w", "h"}, {"left", "top", "right", "bottom"})
        if self.faces == "box" and not any(box <= columns for box in boxes):
            raise ValueError('faces = "box" needs columns x, y, w, h or left, top, right, bottom')
        return self


_FOLDER = resources.files("fer_edge.data").joinpath("maps")


def names() -> list[str]:
    """Names of the maps that come with the package."""
    return map_file.names(_FOLDER)


def load(name: str) -> LabelMap:
    """Load a map by name, or from the user's own file.

    Args:
        name: one of `names`, or path of a `.toml`.

    Raises:
        InputError: there is no such map, or it is not valid.
    """
    return map_file.load(name, LabelMap, _FOLDER)
