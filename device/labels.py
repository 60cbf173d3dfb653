"""The label sets of facial-expression models, and synonyms used by other models."""

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

FACE_PARTS = ("none", "upper", "lower", "left", "right")
"""Hidden part of a face, as seen in the picture, in the order of an occlusion output."""

OCCLUSION = "occlusion"
"""Name of the output of a net that finds the hidden part of a face."""

HEADS: Mapping[str, tuple[str, ...]] = {"fer2013": FER2013, "ferplus": FERPLUS}
"""Labels by the name of a net's output."""


SYNONYMS = {
    "angry": "anger angry",
    "disgust": "disgust disgusted",
    "fear": "fear fearful afraid scared",
    "happy": "happy happiness joy",
    "sad": "sad sadness",
    "surprise": "surprise surprised",
    "neutral": "neutral calm",
    "contempt": "contempt contemptuous",
}
"""Names used by other models and data sets for each FER2013 class (and FER+'s contempt)."""

KNOWN = {word: name for name, words in SYNONYMS.items() for word in words.split()}
"""The meaning of each of those names, in lower case."""


def key(name: str) -> str:
    """Normalize a name: case and Unicode form are ignored."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def canonical(name: str) -> str:
    """The name of an expression in FER2013, or contempt; other names as they are."""
    return KNOWN.get(key(name), name)


def printable(text: str) -> str:
    r"""Escape characters that a terminal must not receive unescaped; all others are unchanged.

    Escaped are control characters (a label could contain an escape sequence), characters that
    change the text direction, line separators and unpaired surrogates.

    Returns:
        The text with such characters as `\x1b`, `\u202e`.
    """
    return _escape(text, lambda char: char.encode("unicode_escape", "backslashreplace").decode())


def printable_json(text: str) -> str:
    r"""Escape the same characters inside JSON, as JSON escapes: `\u001b`, `\u202e`.

    `json.dumps` with `ensure_ascii=False` does not escape those above U+007E.

    Args:
        text: JSON text; its line breaks are kept.
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
