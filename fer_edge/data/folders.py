"""Folder layouts: `train/angry/….png`, and FER+'s `FER2013Train/fer0000000.png` with its votes."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from device.errors import InputError
from device.labels import FER2013, key
from fer_edge.data import classes, ferplus, pictures, progress, sampling
from fer_edge.data.bad_rows import BadRows, require_classes, require_splits
from fer_edge.data.dataset import SPLITS, VOTE_COLUMNS, Dataset
from fer_edge.data.tree import Tree

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "fer2013train"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest", "fer2013valid"), 1),
    **dict.fromkeys(("test", "testing", "privatetest", "fer2013test"), 2),
}
"""Split folders in lower case, to split number."""

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar")


class Place(NamedTuple):
    """Path, split number and class folder ("" for none) of an image."""

    path: str
    split: int
    folder: str


@dataclass(frozen=True)
class Listing:
    """The images of a tree with their splits and labels, not read yet.

    Attributes:
        tree: folder or archive.
        places: images, each with its label; -1 where the votes decide.
        label_names: class names, in the order of the labels.
        provenance: layout, and what the user should know.
        votes: FER+ votes, matched by file name; None without.
        bad_rows: collects the images that cannot be read or have no votes.
    """

    tree: Tree
    places: Sequence[tuple[Place, int]]
    label_names: tuple[str, ...]
    provenance: dict[str, Any]
    votes: ferplus.Votes | None
    bad_rows: BadRows

    def read(self) -> Dataset:
        """Read the images.

        Raises:
            InputError: no image is left, or an invalid one is not to be skipped.
        """
        decoded = _decode(self.tree, self.places, self.label_names, self.bad_rows)
        dataset = replace(decoded, provenance=self.provenance)
        if self.votes is not None:
            dataset = ferplus.attach_by_name(dataset, self.votes, self.bad_rows)
        if self.provenance["layout"] == "ferplus":
            labels_by_vote = ferplus.TO_FER2013[ferplus.majority(dataset.votes)]
            dataset = replace(dataset, labels=labels_by_vote, file_digest=None)
        return dataset


def find(
    tree: Tree,
    votes: ferplus.Votes | None,
    bad_rows: BadRows,
    needed: Collection[str] = SPLITS,
    limit: int | None = None,
) -> Listing:
    """List the images of a tree.

    The labels are the class folders. Without class folders (FER+), they are the majority of the
    votes, mapped to FER2013's names, and -1 if there is no majority or it is contempt.

    Args:
        tree: folder or archive; the split folders may be nested deeper.
        votes: FER+ votes, matched by file name.
        bad_rows: collects the images that cannot be read, or have no class or votes.
        needed: required splits, checked before the images are read.
        limit: maximum number of images to read, the same share of each class and split.

    Raises:
        InputError: no images or split folders, only one class, or an invalid image that is not to
            be skipped.
    """
    images = [name for name in tree.names if pictures.is_picture(name)]
    if not images:
        raise InputError(f"{tree.source}: {_no_images(tree.names)}")
    places = _places(tree, images, bad_rows)
    require_splits((place.split for place in places), needed, tree.source)
    notes: tuple[str, ...] = ()
    if any(place.folder for place in places):
        label_names, labels, notes = _labels(tree, places, bad_rows)
        layout = {"layout": "folders", "labels_from": "folders"}
    elif votes is None:
        raise InputError(
            f"{tree.source}: images without class folders need votes: --ferplus fer2013new.csv; as "
            "further faces of a training they need none with data.sources.NAME.trust=0"
        )
    else:
        label_names, labels = FER2013, [-1] * len(places)
        layout = {"layout": "ferplus", "labels_from": "majority of the FER+ votes"}
    known = [(place, at) for place, at in zip(places, labels, strict=True) if at is not None]
    chosen = sampling.spread([place.split for place, _ in known], [at for _, at in known], limit)
    kept = [known[at] for at in chosen]
    about = {**layout, **passed_over(tree.names), "notes": list(notes)}
    return Listing(tree, kept, label_names, about, votes, bad_rows)


def passed_over(names: Sequence[str]) -> dict[str, Any]:
    """Provenance entry: number and extensions of files that are neither images nor tables."""
    known = (*pictures.SUFFIXES, ".csv")
    others = [name for name in names if not name.lower().endswith(known)]
    endings = Counter(PurePosixPath(name).suffix.lower() or "no ending" for name in others)
    return {"files_passed_over": len(others), "endings_passed_over": dict(endings.most_common(8))}


def _no_images(names: Sequence[str]) -> str:
    for name in names:
        if name.lower().endswith(ARCHIVES):
            return f"holds no images, but an archive: give {name} itself"
    return (
        "holds neither a table of faces nor images; give fer2013.csv, a folder with train, val and "
        "test in it, or an archive of one of them"
    )


def _places(tree: Tree, images: list[str], bad_rows: BadRows) -> list[Place]:
    places, outside = [], []
    for path in images:
        *folders, _ = PurePosixPath(path).parts
        depths = [at for at, folder in enumerate(folders) if folder.lower() in SPLIT_FOLDERS]
        if depths:
            at = depths[-1]
            split = SPLIT_FOLDERS[folders[at].lower()]
            places.append(Place(path, split, next(iter(folders[at + 1 :]), "")))
        else:
            outside.append(path)
    if not places:
        return _class_folders(images)
    for path in outside:
        bad_rows.add(tree.label(path), "lies in none of the folders train, val and test")
    return places


def _class_folders(images: list[str]) -> list[Place]:
    """Places in a tree without split folders: all train, with class folders at the top level."""
    parts = [PurePosixPath(path).parts for path in images]
    # A single folder that contains everything, as in many zips, is not a class.
    while all(len(p) > 2 for p in parts) and len({p[0] for p in parts}) == 1:
        parts = [p[1:] for p in parts]
    return [
        Place(path, 0, p[0] if len(p) > 1 else "") for path, p in zip(images, parts, strict=True)
    ]


def _labels(
    tree: Tree, places: list[Place], bad_rows: BadRows
) -> tuple[tuple[str, ...], list[int | None], tuple[str, ...]]:
    """Label names, label of each place (None for an unknown class), and notes for the user."""
    by_split = [{p.folder for p in places if p.split == number and p.folder} for number in range(3)]
    found = classes.find(*by_split)
    labels = [found.index.get(key(place.folder)) for place in places]
    for place, label in zip(places, labels, strict=True):
        if label is None:
            bad_rows.add(tree.label(place.path), _unknown(place.folder))
    require_classes(
        (
            found.label_names[label]
            for place, label in zip(places, labels, strict=True)
            if label is not None and place.split == 0
        ),
        tree.source,
    )
    return found.label_names, labels, found.notes


def _unknown(folder: str) -> str:
    if not folder:
        return "lies in no class folder"
    meant = classes.suggestion(folder)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return f"unknown class {folder!r}: no folder of train has that name{hint}"


def _decode(
    tree: Tree,
    places: Sequence[tuple[Place, int]],
    label_names: tuple[str, ...],
    bad_rows: BadRows,
) -> Dataset:
    images, kept = [], []
    with progress.bar(f"Reading {tree.source.name}", len(places)) as advance:
        for place, label in places:
            advance(1)
            try:
                content = tree.read(place.path)
            except InputError as error:
                bad_rows.add_error(error)
                continue
            try:
                images.append(pictures.to_face(pictures.decode(content)))
            except InputError as error:
                bad_rows.add(tree.label(place.path), str(error))
                continue
            kept.append((label, place.split, place.path))
    if not kept:
        raise InputError(f"{tree.source}: no image is left; all are invalid")
    label_column, split, paths = zip(*kept, strict=True)
    return Dataset(
        images=np.stack(images),
        labels=np.array(label_column, np.int16),
        split=np.array(split, np.uint8),
        votes=np.zeros((len(kept), VOTE_COLUMNS), np.uint8),
        names=np.array(paths),
        label_names=label_names,
        provenance={},
    )
