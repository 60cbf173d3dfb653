"""The two label sets of facial-expression models, in the order that their outputs have."""

import json
import unicodedata
from collections.abc import Callable, Mapping

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's seven classes, in the order of the `emotion` column of `fer2013.csv`."""

FERPLUS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""FER+'s eight classes, in the order of the columns of `fer2013new.csv`."""

HEADS: Mapping[str, tuple[str, ...]] = {"fer2013": FER2013, "ferplus": FERPLUS}
"""By the name of a net's output."""


def printable(text: str) -> str:
    r"""Escape what a terminal must not receive raw, and leave all else as it is written.

    Escaped are control characters (a label could hold an escape sequence), marks that change the
    direction of the text, line separators and halves of surrogate pairs.

    Returns:
        The text with such characters as `\x1b`, `\u202e`.
    """
    return _escape(text, lambda char: char.encode("unicode_escape", "backslashreplace").decode())


def printable_json(text: str) -> str:
    r"""Escape the same characters inside JSON, by its own escapes: `\u001b`, `\u202e`.

    `json.dumps` with `ensure_ascii=False` leaves those above U+007E as they are.

    Args:
        text: JSON; its line breaks stay.
    """
    return _escape(text, lambda char: char if char == "\n" else json.dumps(char)[1:-1])


def _escape(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or unicodedata.category(char) in _HARMLESS else escape(char)
        for char in text
    )


_HARMLESS = ("Zs", "Co", "Cn")  # spaces of other widths, private use, not yet assigned
