"""Finds images that are in more than one split, which biases a test.

In FER2013, about 8 % of each test split is also in Training, exactly or nearly so.
"""

import csv
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from device.errors import InputError
from device.system.atomic_file import replacing
from fer_edge.data import duplicates, progress
from fer_edge.data.dataset import SPLITS, Dataset, load, read_digest

THRESHOLD = 0.999
"""Pixel correlation above which two images count as duplicates."""


class Leak(NamedTuple):
    """An image and its most similar duplicate in one other split.

    Rows are 0-based row numbers of the data file; names are the sources of the images.
    """

    row: int
    split: str
    name: str
    twin_row: int
    twin_split: str
    twin_name: str
    correlation: float


@dataclass(frozen=True)
class Leaks:
    """All images of a data file that are also in another of its splits.

    Attributes:
        digest: SHA-256 digest of the data file.
        threshold: pixel correlation above which two images count as duplicates.
        found: leaks sorted by row, one entry for each other split that the image is in.
    """

    digest: str
    threshold: float
    found: tuple[Leak, ...]

    @property
    def rows_to_drop_from_train(self) -> np.ndarray:
        """Rows of train that are also in val or test, int64, ascending."""
        return self.rows("train", "val", "test")

    def leaked(self, split: str) -> np.ndarray:
        """Rows of `split` ("val" or "test") that are also in train, int64, ascending."""
        return self.rows(split, "train")

    def rows(self, split: str, *others: str) -> np.ndarray:
        """Rows of `split` that are also in one of the `others`, int64, ascending."""
        return np.unique(
            np.array(
                [
                    leak.row
                    for leak in self.found
                    if leak.split == split and leak.twin_split in others
                ],
                np.int64,
            )
        )

    def save(self, path: Path) -> None:
        """Write the list as CSV, after a comment line with digest and threshold.

        Raises:
            InputError: the file cannot be written.
        """
        with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
            handle.write(_heading(self) + "\n")
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(Leak._fields)
            for leak in self.found:
                writer.writerow([*leak[:-1], f"{leak.correlation:.6f}"])


def find(dataset: Dataset, threshold: float = THRESHOLD) -> Leaks:
    """Compare all pairs of images; takes about ten seconds for FER2013.

    Args:
        dataset: all splits of a set, as loaded.
        threshold: the pixel correlation above which two images count as the same.
    """
    with progress.bar("Comparing images", len(dataset)) as advance:
        same = duplicates.find(dataset.images, threshold, advance)
    return from_duplicates(dataset, same, threshold)


def from_duplicates(dataset: Dataset, same: duplicates.Duplicates, threshold: float) -> Leaks:
    """The duplicates in different splits."""
    standing = np.full((len(same.first), len(SPLITS)), -1, np.int64)  # of group in split
    backwards = np.arange(len(dataset))[::-1]  # so that the first image of each group is kept
    standing[same.group[backwards], dataset.split[backwards]] = backwards
    twins: dict[tuple[int, int], tuple[int, float]] = {}

    def note(here: int, there: int, value: float) -> None:
        for other in np.flatnonzero(standing[there] >= 0):
            known = twins.get((here, int(other)))
            if known is None or known[1] < value:
                twins[here, int(other)] = (int(standing[there, other]), value)

    for group in np.flatnonzero((standing >= 0).sum(axis=1) > 1):
        note(int(group), int(group), 1.0)
    for (a, b), value in zip(same.pairs.tolist(), same.correlation.tolist(), strict=True):
        note(a, b, value)
        note(b, a, value)

    found = []
    for index, group in enumerate(same.group.tolist()):
        for other, name in enumerate(SPLITS):
            if other != dataset.split[index] and (group, other) in twins:
                twin, value = twins[group, other]
                found.append(
                    Leak(
                        int(dataset.rows[index]),
                        SPLITS[dataset.split[index]],
                        str(dataset.names[index]),
                        int(dataset.rows[twin]),
                        name,
                        str(dataset.names[twin]),
                        value,
                    )
                )
    return Leaks(dataset.digest, threshold, tuple(found))


def list_path(data: Path, split: str = "") -> Path:
    """Path of the list of a data file: `fer2013.leaked.csv` beside `fer2013.npz`.

    Args:
        data: `.npz` file.
        split: name of an alternative split, which has a separate list.
    """
    return data.with_suffix(f".{split}.leaked.csv" if split else ".leaked.csv")


def load_or_find(
    data: str | Path,
    threshold: float = THRESHOLD,
    *,
    split: str = "",
    dataset: Callable[[], Dataset] | None = None,
) -> Leaks:
    """Load the leaks of a data file from the list beside it, or find them.

    A list that is missing, damaged, or of other data is computed again and saved.

    Args:
        data: `.npz` file of `data prepare`.
        threshold: pixel correlation above which two images count as duplicates.
        split: name of an alternative split.
        dataset: function that loads the data file with that split; called only without a list.

    Raises:
        InputError: `data` is not a data file.
    """
    data = Path(data)
    path = list_path(data, split)
    leaks = _load(path, Leaks(read_digest(data), threshold, ()))
    if leaks is None:
        leaks = find(dataset() if dataset else load(data), threshold)
        try:
            leaks.save(path)
        except InputError as error:  # read-only disk: computed again each time
            warnings.warn(str(error), stacklevel=2)
    return leaks


def _load(path: Path, wanted: Leaks) -> Leaks | None:
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            if handle.readline().rstrip("\n") != _heading(wanted):
                return None
            found = tuple(
                Leak(
                    int(line["row"]),
                    line["split"],
                    line["name"],
                    int(line["twin_row"]),
                    line["twin_split"],
                    line["twin_name"],
                    float(line["correlation"]),
                )
                for line in csv.DictReader(handle)
            )
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError):
        return None
    return Leaks(wanted.digest, wanted.threshold, found)


def _heading(leaks: Leaks) -> str:
    return f"# data {leaks.digest} threshold {leaks.threshold}"
