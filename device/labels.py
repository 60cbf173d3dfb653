"""The two label sets of facial-expression models, in the order that their outputs have."""

import unicodedata
from collections.abc import Mapping

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
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == " " or unicodedata.category(char) in _HARMLESS
        else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )  # fmt: skip


_HARMLESS = ("Zs", "Co", "Cn")  # spaces of other widths, private use, not yet assigned
