"""Maps that describe the layout of text data sets, as TOML."""

import re
from importlib import resources
from typing import Annotated, Literal, Self

from annotated_types import Ge
from pydantic import Field, model_validator

from fer_edge.data import map_file
from fer_edge.section import Section

Column = str | Annotated[int, Ge(0)]

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of splits that are known without a map."""


class TextMap(Section):
    """Layout of a data set's files and meaning of its labels.

    Attributes:
        name: name of the data set.
        license: short license statement, copied to the card.
        file: regular expression for the paths to read; a group `split` captures the split.
        text: column of the text: a header name or JSON key, or a column index from 0 for tables
            without header.
        label: column of the label, specified as `text`; a JSON value may be a list.
        split: column of the split.
        separator: separator of several labels in one cell; empty if a cell has one label.
        names: regular expression for a file with the label names, one per line, if cells contain
            label indices.
        labels: mapping from the data set's labels to expressions; "" skips texts with that label.
            Labels that are known names of an expression need no entry.
        splits: mapping from the data set's split names to train, val and test.
    """

    name: str
    license: str = ""
    file: str = r"\.(tsv|csv|jsonl|ndjson|json)$"
    text: Column = "text"
    label: Column = "label"
    split: Column | None = None
    separator: str = ""
    names: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    splits: dict[str, Literal["train", "val", "test"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for pattern in (self.file, self.names):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        if isinstance(self.text, int) != isinstance(self.label, int):
            raise ValueError("text and label mix a name and an index: use one kind for both")
        return self


DEFAULT = TextMap(name="text")
"""Files with columns `text` and `label`; splits by file name or by digest."""


_FOLDER = resources.files("fer_edge.modalities.text").joinpath("maps")


def names() -> list[str]:
    """Return the names of the built-in maps."""
    return map_file.names(_FOLDER)


def load(name: str) -> TextMap:
    """Load a built-in map or a user's file.

    Args:
        name: one of `names()`, or the path of a `.toml`.

    Raises:
        InputError: the map does not exist or is invalid.
    """
    return map_file.load(name, TextMap, _FOLDER)
