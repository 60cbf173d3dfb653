"""Invalid rows and images of a source: an error, or skipped and counted."""

from collections.abc import Collection, Iterable
from pathlib import Path

from device.errors import InputError
from fer_edge.data.dataset import SPLITS

SHOWN = 20
"""Maximum number of problems listed in the provenance of a data file."""


class BadRows:
    """Collects invalid rows; raises at the first one unless they are to be skipped.

    Args:
        skip: whether to leave invalid rows out (`--skip-bad`).
    """

    def __init__(self, *, skip: bool = False) -> None:
        self.skip = skip
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Record an invalid row or image, which the caller leaves out.

        Args:
            where: location, such as `fer2013.csv:17` or a path.
            what: description of the problem.

        Raises:
            InputError: bad rows are not to be skipped.
        """
        self.add_error(InputError(f"{where}: {what}"))

    def add_error(self, error: InputError) -> None:
        """Record an error whose message already names the file.

        Raises:
            InputError: bad rows are not to be skipped.
        """
        if not self.skip:
            raise InputError(f"{error}; --skip-bad leaves such rows out and counts them") from error
        self.found.append(str(error))

    def summary(self) -> dict[str, object]:
        """Number of rows left out, and the messages of the first ones."""
        return {"count": len(self.found), "first": self.found[:SHOWN]}


def require_splits(present: Iterable[int], needed: Collection[str], source: Path) -> None:
    """Raise InputError if a source has no image in a split that is needed."""
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
    """Raise InputError if all training images are of one class.

    Args:
        names: class names of the training images.
        source: data source, for the message.
    """
    found = set(names)
    if len(found) != 1:
        return
    name = found.pop()
    hint = "training needs at least two classes"
    if name.casefold() in ("images", "labels"):
        hint = (
            "this looks like a detection data set (YOLO), with labels in text files; sort "
            "the faces into a folder for each class"
        )
    raise InputError(f"{source}: all training images are of one class, {name!r}: {hint}")
