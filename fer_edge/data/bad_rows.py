"""What is wrong with single rows and images: the end of the command, or counted and left out."""

from collections.abc import Collection, Iterable
from pathlib import Path

from device.errors import InputError
from fer_edge.data.dataset import SPLITS

SHOWN = 20
"""How many problems the provenance of a data file spells out."""


class BadRows:
    """Collects what is wrong with single rows; ends at the first unless told to skip.

    Args:
        skip: go on without the bad rows (`--skip-bad`).
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
        if not self.skip:
            raise InputError(f"{where}: {what}; --skip-bad leaves such rows out and counts them")
        self.found.append(f"{where}: {what}")

    def summary(self) -> dict[str, object]:
        """How many were left out, and the first of them in words."""
        return {"count": len(self.found), "first": self.found[:SHOWN]}


def require_splits(present: Iterable[int], needed: Collection[str], source: Path) -> None:
    """Raise InputError where a source has no image of a split that it needs."""
    numbers = set(present)
    for number, split in enumerate(SPLITS):
        if split in needed and number not in numbers:
            hint = f"; --{split}-fraction 0.1 holds out a tenth of train" if number else ""
            raise InputError(f"{source}: has no {split} split{hint}")
