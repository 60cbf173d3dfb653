"""`data prepare`: whatever layout people have, to one `Dataset`."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from device.errors import InputError
from fer_edge import __version__
from fer_edge.data import duplicates, fer2013, ferplus, folders, progress
from fer_edge.data.bad_rows import BadRows, require_splits
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.tree import Tree

CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
"""Kaggle's archive holds the same faces under both names: the first one found is read."""

VOTES_NAME = "fer2013new.csv"


def prepare(
    source: Path,
    *,
    votes: Path | None = None,
    skip_bad: bool = False,
    val_fraction: float | None = None,
    test_fraction: float | None = None,
    missing_fraction: float | None = None,
    seed: int = 0,
) -> Dataset:
    """Read a labeled set of faces.

    Args:
        source: `fer2013.csv`, `icml_face_data.csv`, a folder layout, or a zip of one of them.
        votes: FER+ votes of the same images; a `fer2013new.csv` in the source is found without.
        skip_bad: leave out broken rows and images instead of ending at the first.
        val_fraction: share of each class of train that becomes val, for sources without one.
        test_fraction: likewise for test; it is taken first.
        missing_fraction: for whichever of the two the source turns out to lack.
        seed: which images those are.

    Returns:
        A set with images in all three splits.

    Raises:
        InputError: what is wrong, with line or file.
    """
    fractions = {"test": test_fraction, "val": val_fraction}
    optional = [s for s, f in fractions.items() if f is not None or missing_fraction is not None]
    needed = [split for split in SPLITS if split not in optional]
    bad_rows = BadRows(skip=skip_bad)
    tree = Tree(source)
    table = _find_csv(tree)
    crowd = _read_votes(tree, votes, bad_rows)
    if table is not None:
        dataset = _read_csv(tree, table, crowd, bad_rows)
    else:
        dataset = folders.read(tree, crowd, bad_rows, needed)
    if len(dataset) == 0:
        raise InputError(f"{source}: no image is left; all are broken")
    for split, fraction in fractions.items():
        if fraction is None and not (dataset.split == SPLITS.index(split)).any():
            fraction = missing_fraction
        if fraction is not None:
            dataset = hold_out(dataset, split, fraction, seed)
    require_splits(np.unique(dataset.split).tolist(), SPLITS, source)
    provenance = {
        "name": source.stem,
        "synthetic": False,
        "source": source.name,
        "votes": crowd.file if crowd else None,
        **dataset.provenance,
        "left_out": bad_rows.summary(),
        "val_fraction": val_fraction,
        "test_fraction": test_fraction,
        "missing_fraction": missing_fraction,
        "seed": seed if optional else None,
        "created_by": f"fer-edge {__version__}",
    }
    rows = np.arange(len(dataset), dtype=np.int64)
    return replace(dataset, provenance=provenance, rows=rows, file_digest=None)


def hold_out(dataset: Dataset, name: str, fraction: float, seed: int) -> Dataset:
    """Make a part of train val or test: the same share of every class, copies kept together.

    Args:
        dataset: a set without that split.
        name: of the split.
        fraction: of the different images of each class, between 0 and 1.
        seed: which of them.

    Raises:
        InputError: there is such a split already, or the fraction is none.
    """
    if not 0 < fraction < 1:
        raise InputError(f"--{name}-fraction is {fraction}; it must lie between 0 and 1")
    number = SPLITS.index(name)
    if (dataset.split == number).any():
        raise InputError(f"the source has a {name} split already: leave --{name}-fraction away")
    random = np.random.default_rng(seed)
    train = np.flatnonzero(dataset.split == 0)
    group, first = duplicates.exact(dataset.images[train])
    chosen = np.zeros(len(first), bool)
    for label in np.unique(dataset.labels[train]):
        groups = np.flatnonzero(dataset.labels[train[first]] == label)
        chosen[random.permutation(groups)[: round(fraction * len(groups))]] = True
    split = dataset.split.copy()
    split[train[chosen[group]]] = number
    return replace(dataset, split=split)


def _find_csv(tree: Tree) -> str | None:
    if tree.names == [tree.source.name] and tree.source.suffix.lower() == ".csv":
        return tree.source.name
    candidates = []
    for name in tree.names:
        if name.lower().endswith(".csv"):
            with tree.open(name) as stream:
                if fer2013.parse_header(stream.readline(4096)) is not None:
                    candidates.append(name)
    ranked = [name for known in CSV_NAMES for name in candidates if Path(name).name == known]
    if not ranked and len(candidates) > 1:
        raise InputError(f"{tree.source}: holds several tables of faces: {', '.join(candidates)}")
    return next(iter(ranked or candidates), None)


def _read_csv(tree: Tree, name: str, votes: ferplus.Votes | None, bad_rows: BadRows) -> Dataset:
    with tree.open(name) as stream, progress.bar(f"Reading {name}", tree.size(name)) as advance:
        dataset = fer2013.read(stream, Path(name).name, bad_rows, advance)
    provenance = {**dataset.provenance, "layout": "csv", "labels_from": "emotion"}
    dataset = replace(dataset, provenance=provenance)
    return ferplus.attach_by_row(dataset, votes, bad_rows) if votes else dataset


def _read_votes(source: Tree, path: Path | None, bad_rows: BadRows) -> ferplus.Votes | None:
    """The votes in the file that the user named, or else those that lie in the source."""
    if path is not None:
        tree = Tree(path)
        if path.is_dir() or not tree.names:
            raise InputError(f"{path}: is no file of votes; --ferplus wants fer2013new.csv")
        name = tree.names[0]
    else:
        tree = source
        inside = [name for name in tree.names if Path(name).name.lower() == VOTES_NAME]
        if not inside:
            return None
        name = inside[0]
    with tree.open(name) as stream:
        lines = io.TextIOWrapper(stream, "utf-8", "replace")
        return ferplus.read(lines, Path(name).name, bad_rows)
