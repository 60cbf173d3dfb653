"""Broken rows and images of a source: an error, or left out and counted."""

from collections.abc import Collection, Iterable
from pathlib import Path

from device.errors import InputError
from fer_edge.data.dataset import SPLITS

SHOWN = 20
"""How many problems the provenance of a data file spells out."""


class BadRows:
    """Collects broken rows; raises at the first one unless told to skip them.

    Args:
        skip: leave the bad rows out (`--skip-bad`).
    """

    def __init__(self, *, skip: bool = False) -> None:
        self.skip = skip
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note a bad row or image, which the caller leaves out.

        Args:
            where: `fer2013.csv:17` or a path.
            what: what is wrong with it.

        Raises:
            InputError: bad rows are not to be skipped.
        """
        self.add_error(InputError(f"{where}: {what}"))

    def add_error(self, error: InputError) -> None:
        """Note an error that names its file already.

        Raises:
            InputError: bad rows are not to be skipped.
        """
        if not self.skip:
            raise InputError(f"{error}; --skip-bad leaves such rows out and counts them") from error
        self.found.append(str(error))

    def summary(self) -> dict[str, object]:
        """How many were left out, and the first of them in words."""
        return {"count": len(self.found), "first": self.found[:SHOWN]}


def require_splits(present: Iterable[int], needed: Collection[str], source: Path) -> None:
    """Raise InputError where a source has no image of a split that it needs."""
    numbers = set(present)
    missing = [s for number, s in enumerate(SPLITS) if s in needed and number not in numbers]
    if not missing:
        return
    first, *others = missing
    hint = ""
    if first != "train":
        hint = f"; --{first}-fraction 0.1 holds out a tenth of train"
        hint += "".join(f", --{other}-fraction 0.1 another for {other}" for other in others)
    raise InputError(f"{source}: has no {first} split{hint}")


def require_classes(names: Iterable[str], source: Path) -> None:
    """Raise InputError where training images are of one class only.

    Args:
        names: class of each training image, or of each kind of them.
        source: what the error names.
    """
    found = set(names)
    if len(found) != 1:
        return
    name = found.pop()
    hint = "a net needs two classes or more to tell apart"
    if name.casefold() in ("images", "labels"):
        hint = (
            "this looks like a layout for detectors (YOLO), whose labels lie in text files; sort "
            "the faces into a folder for each class"
        )
    raise InputError(f"{source}: all training images are of one class, {name!r}: {hint}")
