"""`data prepare`: converts any supported layout to a `Dataset`."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from device.errors import InputError
from fer_edge import __version__
from fer_edge.data import fer2013, ferplus, folders, mapped, progress, table
from fer_edge.data.bad_rows import BadRows, require_classes, require_splits
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.label_map import LabelMap
from fer_edge.data.sampling import hold_out, spread
from fer_edge.data.tree import Tree

CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
"""Kaggle's archive has the same faces under both names: the first one found is read."""

VOTES_NAME = "fer2013new.csv"


def prepare(
    source: Path,
    *,
    votes: Path | None = None,
    skip_bad: bool = False,
    val_fraction: float | None = None,
    test_fraction: float | None = None,
    missing_fraction: float | None = None,
    limit: int | None = None,
    seed: int = 0,
    label_map: LabelMap | None = None,
) -> Dataset:
    """Read a labeled set of faces.

    Args:
        source: `fer2013.csv`, `icml_face_data.csv`, a folder layout, or an archive of one of them.
        votes: file with FER+ votes for the same images; default: a `fer2013new.csv` in the source.
        skip_bad: whether to leave out invalid rows and images instead of raising.
        val_fraction: share of each class of train to use as val, for sources without val.
        test_fraction: share of each class of train to use as test; held out before val.
        missing_fraction: share to hold out for each of these splits that the source lacks.
        limit: maximum number of images, the same share of each class of each split.
        seed: RNG seed for held-out images and for the limit.
        label_map: description of a layout; None for one of those that need none.

    Returns:
        A set with images in all three splits; with a map, in those that the source has: images
        without a split are test, or train where a fraction is held out of it. Persons are held
        out as a whole where they are known.

    Raises:
        InputError: the source is invalid; the message names the file or line.
    """
    fractions = {"test": test_fraction, "val": val_fraction}
    for split, fraction in fractions.items():
        if fraction is not None and not 0 < fraction < 1:
            raise InputError(f"--{split}-fraction is {fraction}; it must lie between 0 and 1")
    optional = [s for s, f in fractions.items() if f is not None or missing_fraction is not None]
    needed = [split for split in SPLITS if split not in optional]
    bad_rows = BadRows(skip=skip_bad)
    tree = Tree(source)
    crowd = None
    if label_map is not None:
        if votes is not None:
            raise InputError("--ferplus and --map do not go together: the votes are of FER2013")
        unsaid = "train" if optional else "test"
        dataset = mapped.read(tree, label_map, bad_rows, split=unsaid, limit=limit)
    else:
        faces = find_csv(tree)
        crowd = read_votes(tree, votes, bad_rows)
        if faces is not None:
            dataset = _read_csv(tree, faces, crowd, bad_rows)
            require_splits(np.unique(dataset.split).tolist(), needed, source)
            trained = np.unique(dataset.labels[dataset.split == 0])
            require_classes((dataset.label_names[label] for label in trained), source)
            dataset = dataset.take(spread(dataset.split, dataset.labels, limit, seed))
        else:
            dataset = folders.find(tree, crowd, bad_rows, needed, limit).read()
    if len(dataset) == 0:
        raise InputError(f"{source}: no image is left; all are invalid")
    for split, fraction in fractions.items():
        if fraction is None and not (dataset.split == SPLITS.index(split)).any():
            fraction = missing_fraction
        if fraction is not None:
            dataset = hold_out(dataset, split, fraction, seed, dataset.subjects)
    if label_map is None:
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
        "limit": limit,
        "seed": seed if optional or limit else None,
        "created_by": f"fer-edge {__version__}",
    }
    rows = np.arange(len(dataset), dtype=np.int64)
    return replace(dataset, provenance=provenance, rows=rows, file_digest=None)


def notes(dataset: Dataset) -> list[str]:
    """Notes for the user on a prepared set, such as rows left out, one per line."""
    about = dataset.provenance
    lines = [f"note: {note}" for note in about.get("notes", ())]
    left_out = about["left_out"]
    lines += [f"left out: {row}" for row in left_out["first"]]
    if left_out["count"]:
        lines.append(f"{left_out['count']} invalid rows or images left out (--skip-bad)")
    if count := about.get("files_passed_over"):
        endings = ", ".join(f"{n} {e}" for e, n in about["endings_passed_over"].items())
        lines.append(f"{count} files that are not images were ignored ({endings})")
    return lines


def find_csv(tree: Tree) -> str | None:
    """Name of the table of faces in a source; None for a folder layout.

    Raises:
        InputError: there are several.
    """
    if len(tree.names) == 1 and not tree.source.is_dir() and tree.names[0].lower().endswith(".csv"):
        return tree.names[0]
    candidates = []
    for name in tree.names:
        if name.lower().endswith(".csv"):
            with tree.open(name) as stream:
                if fer2013.parse_header(next(table.lines(stream, name), b"")) is not None:
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


def read_votes(source: Tree, path: Path | None, bad_rows: BadRows) -> ferplus.Votes | None:
    """The votes in the given file, else those found in the source."""
    if path is not None:
        tree = Tree(path)
        if path.is_dir() or not tree.names:
            raise InputError(f"{path}: is not a votes file; --ferplus needs fer2013new.csv")
        name = tree.names[0]
    else:
        tree = source
        inside = [name for name in tree.names if Path(name).name.lower() == VOTES_NAME]
        if not inside:
            return None
        name = inside[0]
    with tree.open(name) as stream:
        return ferplus.read(stream, Path(name).name, bad_rows)
