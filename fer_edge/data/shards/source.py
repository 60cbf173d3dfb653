"""Sources for writing shards: data sets that are read in chunks to limit memory use."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from device.errors import InputError
from fer_edge.data import dataset, folders, leaks, prepare
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.folders import Listing, Place
from fer_edge.data.label_map import LabelMap
from fer_edge.data.leaks import Leaks
from fer_edge.data.tree import Tree

CHUNK = 4096
"""Number of images per chunk."""


class Source(Protocol):
    """A data set that is read in chunks, one split at a time."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """Classes, in the order of the labels."""

    @property
    def leaks(self) -> Leaks | None:
        """Known duplicates across splits; None to search for equal pixels."""

    def count(self, split: str) -> int:
        """Return an upper bound of the number of images of a split."""

    def chunks(self, split: str) -> Iterator[Dataset]:
        """Yield the images of a split in chunks."""

    def provenance(self) -> dict[str, Any]:
        """Return the source of the data; complete after all chunks have been read."""


@dataclass(frozen=True)
class InMemory:
    """A data set in memory."""

    data: Dataset
    leaks: Leaks | None

    @property
    def label_names(self) -> tuple[str, ...]:
        """Classes of the set."""
        return self.data.label_names

    def count(self, split: str) -> int:
        """Return the number of images of a split."""
        return int(np.sum(self.data.split == SPLITS.index(split)))

    def chunks(self, split: str) -> Iterator[Dataset]:
        """Yield slices of a split."""
        rows = np.flatnonzero(self.data.split == SPLITS.index(split))
        for start in range(0, len(rows), CHUNK):
            yield self.data.take(rows[start : start + CHUNK])

    def provenance(self) -> dict[str, Any]:
        """Return the provenance of the set."""
        return self.data.provenance


@dataclass(frozen=True)
class Listed:
    """Image folders that are decoded on demand."""

    listing: Listing
    settings: dict[str, Any]
    leaks: None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        """Classes of the folders."""
        return self.listing.label_names

    def count(self, split: str) -> int:
        """Return the number of image files of a split."""
        return len(self._places(split))

    def chunks(self, split: str) -> Iterator[Dataset]:
        """Yield decoded images of a split."""
        places = self._places(split)
        for start in range(0, len(places), CHUNK):
            yield replace(self.listing, places=places[start : start + CHUNK]).read()

    def provenance(self) -> dict[str, Any]:
        """Return layout, settings and the images skipped so far."""
        about = self.listing.provenance | {"left_out": self.listing.bad_rows.summary()}
        return self.settings | about

    def _places(self, split: str) -> list[tuple[Place, int]]:
        number = SPLITS.index(split)
        return [(place, label) for place, label in self.listing.places if place.split == number]


def open_source(
    path: Path,
    *,
    votes: Path | None = None,
    skip_bad: bool = False,
    val_fraction: float | None = None,
    test_fraction: float | None = None,
    seed: int = 0,
    label_map: LabelMap | None = None,
) -> Source:
    """Open a source of faces; image folders are read in chunks, other sources into memory.

    Args:
        path: a `.npz` of `data prepare`, or any source that `data prepare` reads.
        votes: file with FER+ votes for the same images.
        skip_bad: whether to skip invalid images instead of raising an error.
        val_fraction: fraction of each training class to use as val, for sources without val.
        test_fraction: fraction of each training class to use as test; taken before val.
        seed: RNG seed of the held-out splits.
        label_map: map of the layout; None for layouts that need none.

    Raises:
        InputError: the source is invalid; the message names the file or option.
    """
    fractions = {"test": test_fraction, "val": val_fraction}
    for split, fraction in fractions.items():
        if fraction is not None and not 0 < fraction < 1:
            raise InputError(f"--{split}-fraction is {fraction}: must be between 0 and 1")
    if path.suffix == ".npz":
        if label_map is not None or votes is not None or any(fractions.values()):
            raise InputError(
                f"{path} is already prepared: use --ferplus, --map, --val-fraction and "
                "--test-fraction with `fer-edge data prepare`"
            )
        return InMemory(dataset.load(path), leaks.load_or_find(path))
    tree = Tree(path)
    if label_map is not None or prepare.find_csv(tree) is not None:
        data = prepare.prepare(
            path,
            votes=votes,
            skip_bad=skip_bad,
            val_fraction=val_fraction,
            test_fraction=test_fraction,
            seed=seed,
            label_map=label_map,
        )
        return InMemory(data, leaks.find(data))
    bad_rows = BadRows(skip=skip_bad)
    needed = [split for split in SPLITS if fractions.get(split) is None]
    listing = folders.find(tree, prepare.read_votes(tree, votes, bad_rows), bad_rows, needed)
    places = listing.places
    for split, fraction in fractions.items():
        if fraction is not None:
            places = _hold_out(places, split, fraction, seed)
    settings = {
        "name": path.resolve().stem,
        "synthetic": False,
        "source": path.name,
        "votes": listing.votes.file if listing.votes else None,
        "val_fraction": val_fraction,
        "test_fraction": test_fraction,
        "seed": seed if any(fractions.values()) else None,
    }
    return Listed(replace(listing, places=places), settings)


def _hold_out(
    places: Sequence[tuple[Place, int]], name: str, fraction: float, seed: int
) -> list[tuple[Place, int]]:
    """Move a fraction of each training class, at least one image, to another split."""
    number = SPLITS.index(name)
    if any(place.split == number for place, _ in places):
        raise InputError(f"the source already has a {name} split: omit --{name}-fraction")
    by_class = defaultdict(list)
    for at, (place, label) in enumerate(places):
        if place.split == 0:
            by_class[label].append(at)
    random = np.random.default_rng(seed)
    moved = set()
    for members in by_class.values():
        wanted = min(max(round(fraction * len(members)), 1), len(members) - 1)
        moved |= set(random.permutation(members)[:wanted].tolist())
    return [
        (place._replace(split=number) if at in moved else place, label)
        for at, (place, label) in enumerate(places)
    ]
