"""Maps the names of class folders to labels."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from device.errors import InputError
from device.labels import FER2013, FERPLUS, KNOWN, SYNONYMS, key

FERPLUS_NAME = {
    next(ours for ours, words in SYNONYMS.items() if name in words.split()): name
    for name in FERPLUS
}


@dataclass(frozen=True)
class Classes:
    """Classes of the class folders of a set.

    Attributes:
        label_names: class names.
        index: class index by the `key` of the folder name.
        notes: remarks for the user.
    """

    label_names: tuple[str, ...]
    index: dict[str, int]
    notes: tuple[str, ...] = ()


def find(folders: Collection[str], *others: Collection[str]) -> Classes:
    """Determine the classes of the class folders.

    If all are names or synonyms of FER2013's classes, and no split has two names of one class, the
    labels are FER2013's seven (FER+'s eight if contempt is among them). Otherwise the labels are
    the folder names, sorted; nothing is merged.

    Args:
        folders: folder names in train.
        others: folder names in each other split.

    Raises:
        InputError: two names differ only in case, or one cannot be a label.
    """
    names = {unicodedata.normalize("NFC", folder) for folder in folders}
    by_key: dict[str, str] = {}
    for name in sorted(names):
        if not name.isprintable():
            raise InputError(f"class {name!r}: has characters that cannot be printed; rename it")
        other = by_key.setdefault(key(name), name)
        if other != name:
            raise InputError(
                f"classes {other!r} and {name!r} differ only in case: rename or merge the folders"
            )
    meaning = {name: KNOWN[name] for name in by_key if name in KNOWN}
    merged = sorted(set().union(*map(_synonyms, (folders, *others))))
    if len(meaning) == len(by_key) and not merged:
        return _known(set(meaning.values()))
    labels = tuple(by_key[name] for name in sorted(by_key))
    notes = []
    if merged:
        notes.append(
            f"{', '.join(map(repr, merged))} are kept apart as classes of their own; merge the "
            "folders if they mean the same"
        )
    for name in sorted(set(by_key) - set(meaning)):
        meant = suggestion(name) if meaning else None
        if meant:
            notes.append(f"class {by_key[name]!r} is kept as it is; was {meant!r} meant?")
    return Classes(labels, {name: at for at, name in enumerate(sorted(by_key))}, tuple(notes))


def suggestion(folder: str) -> str | None:
    """The known class name most similar to an unknown one; None if there is none."""
    return next(iter(get_close_matches(key(folder), KNOWN, n=1, cutoff=0.8)), None)


def _synonyms(folders: Collection[str]) -> set[str]:
    """The folders of a split that are synonyms of another folder of the same split."""
    known = {key(folder) for folder in folders} & set(KNOWN)
    meanings = [KNOWN[name] for name in known]
    return {name for name in known if meanings.count(KNOWN[name]) > 1}


def _known(meanings: set[str]) -> Classes:
    if "contempt" in meanings:
        return Classes(
            FERPLUS, {word: FERPLUS.index(FERPLUS_NAME[name]) for word, name in KNOWN.items()}
        )
    return Classes(
        FER2013, {word: FER2013.index(name) for word, name in KNOWN.items() if name in FER2013}
    )
