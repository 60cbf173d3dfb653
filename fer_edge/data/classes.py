"""From the names of class folders to labels."""

from collections.abc import Collection
from difflib import get_close_matches

from device.labels import FER2013, FERPLUS

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
"""FER2013's names (and FER+'s eighth) with the other names that data sets give their folders."""

KNOWN = {word: name for name, words in SYNONYMS.items() for word in words.split()}

FERPLUS_NAME = {
    next(ours for ours, words in SYNONYMS.items() if name in words.split()): name
    for name in FERPLUS
}


def labels_of(folders: Collection[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Decide what the class folders of a training split stand for.

    Where all are names of FER2013's classes, or synonyms, the labels are FER2013's seven (FER+'s
    eight where contempt is among them). Otherwise the labels are the folders' own names, sorted;
    a name that nearly is one of those seven is taken for a typing error and gets no label.

    Args:
        folders: folder names; case does not matter.

    Returns:
        The label names, and for each folder name in lower case the index of its label.
    """
    names = {folder.casefold() for folder in folders}
    known = {name for name in names if name in KNOWN}
    own = {name for name in names - known if not (known and suggestion(name))}
    if own:
        labels = tuple(sorted(known | own))
        return labels, {name: index for index, name in enumerate(labels)}
    meaning = {name: KNOWN[name] for name in known}
    if "contempt" in meaning.values():
        return FERPLUS, {word: FERPLUS.index(FERPLUS_NAME[name]) for word, name in KNOWN.items()}
    return FER2013, {word: FER2013.index(name) for word, name in KNOWN.items() if name in FER2013}


def suggestion(folder: str) -> str | None:
    """The known class name that an unknown one was probably meant to be."""
    return next(iter(get_close_matches(folder.casefold(), KNOWN, n=1, cutoff=0.8)), None)
