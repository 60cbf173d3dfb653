"""Folder layouts: `train/angry/….png`, and FER+'s `FER2013Train/fer0000000.png` with its votes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from device.errors import InputError
from device.faces.crop import crop_face
from device.geometry import Box
from device.labels import FER2013
from device.system.opencv_log import suppress_opencv_log
from fer_edge.data import classes, ferplus, progress
from fer_edge.data.bad_rows import BadRows, require_splits
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.tree import Tree

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "fer2013train"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest", "fer2013valid"), 1),
    **dict.fromkeys(("test", "testing", "privatetest", "fer2013test"), 2),
}
"""Split folders in lower case, to split number."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")


class Place(NamedTuple):
    """Where an image lies: its path, split number, and class folder ("" directly in the split)."""

    path: str
    split: int
    folder: str


def read(
    tree: Tree,
    votes: ferplus.Votes | None,
    bad_rows: BadRows,
    needed: Collection[str] = SPLITS,
) -> Dataset:
    """Read a tree of images.

    The labels are the class folders. Where there are none (FER+), they are the majority of the
    votes, translated to FER2013's names, and -1 where that decides nothing or says contempt.

    Args:
        tree: a folder or zip; the split folders may lie deeper.
        votes: FER+ votes, matched by file name.
        bad_rows: takes the images that cannot be read, have no class or no votes.
        needed: the splits that there must be, checked before the images are read.

    Raises:
        InputError: no images or split folders, or a bad image that is not to be skipped.
    """
    images = [name for name in tree.names if name.lower().endswith(SUFFIXES)]
    if not images:
        raise InputError(
            f"{tree.source}: holds neither a table of faces nor images; give fer2013.csv, a folder "
            "with train, val and test in it, or a zip of one of them"
        )
    places = _places(tree, images, bad_rows)
    require_splits((place.split for place in places), needed, tree.source)
    if any(place.folder for place in places):
        label_names, labels = _labels(tree, places, bad_rows)
        layout = {"layout": "folders", "labels_from": "folders"}
    elif votes is None:
        raise InputError(
            f"{tree.source}: images without class folders need votes: --ferplus fer2013new.csv"
        )
    else:
        label_names, labels = FER2013, [-1] * len(places)
        layout = {"layout": "ferplus", "labels_from": "majority of the FER+ votes"}
    others = sum(not name.lower().endswith(".csv") for name in tree.names) - len(images)
    dataset = _decode(tree, places, labels, label_names, bad_rows)
    dataset = replace(dataset, provenance={**layout, "files_passed_over": others})
    if votes is not None:
        dataset = ferplus.attach_by_name(dataset, votes, bad_rows)
    if layout["layout"] == "ferplus":
        labels_by_vote = ferplus.TO_FER2013[ferplus.majority(dataset.votes)]
        dataset = replace(dataset, labels=labels_by_vote, file_digest=None)
    return dataset


def to_face(gray: np.ndarray) -> np.ndarray:
    """Bring a whole picture to a model's input, just as the device brings a face there.

    The picture keeps its aspect: the shorter side is filled up with the pixels of its edges. Area
    interpolation makes it smaller, linear interpolation larger; 48x48 stays as it is.

    Args:
        gray: uint8 [height, width].

    Returns:
        uint8 [48, 48].
    """
    height, width = gray.shape
    return crop_face(gray, Box(0, 0, width, height), margin=0.0)


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
    """Places of a tree without split folders: all of it is train, its first folders are classes."""
    parts = [PurePosixPath(path).parts for path in images]
    # A folder that holds everything, as zips often have, is no class.
    while all(len(p) > 2 for p in parts) and len({p[0] for p in parts}) == 1:
        parts = [p[1:] for p in parts]
    return [
        Place(path, 0, p[0] if len(p) > 1 else "") for path, p in zip(images, parts, strict=True)
    ]


def _labels(
    tree: Tree, places: list[Place], bad_rows: BadRows
) -> tuple[tuple[str, ...], list[int | None]]:
    """The label names, and each place's label: None where its class is unknown."""
    in_train = {place.folder for place in places if place.split == 0 and place.folder}
    label_names, index = classes.labels_of(in_train)
    labels = [index.get(place.folder.casefold()) for place in places]
    for place, label in zip(places, labels, strict=True):
        if label is None:
            bad_rows.add(tree.label(place.path), _unknown(place.folder))
    return label_names, labels


def _unknown(folder: str) -> str:
    if not folder:
        return "lies in no class folder"
    meant = classes.suggestion(folder)
    hint = f"did you mean {meant}?" if meant else "no folder of train has that name"
    return f"unknown class {folder!r}: {hint}"


def _decode(
    tree: Tree,
    places: list[Place],
    labels: Sequence[int | None],
    label_names: tuple[str, ...],
    bad_rows: BadRows,
) -> Dataset:
    images, kept = [], []
    with progress.bar(f"Reading {tree.source.name}", len(places)) as advance:
        for place, label in zip(places, labels, strict=True):
            advance(1)
            if label is None:
                continue
            image = _image(tree, place.path)
            if image is None:
                bad_rows.add(tree.label(place.path), "is not an image that can be read")
                continue
            images.append(to_face(image))
            kept.append((label, place.split, place.path))
    if not kept:
        raise InputError(f"{tree.source}: no image is left; all are broken")
    label_column, split, paths = zip(*kept, strict=True)
    return Dataset(
        images=np.stack(images),
        labels=np.array(label_column, np.int16),
        split=np.array(split, np.uint8),
        votes=np.zeros((len(kept), 10), np.uint8),
        names=np.array(paths),
        label_names=label_names,
        provenance={},
    )


def _image(tree: Tree, path: str) -> np.ndarray | None:
    try:
        content = np.frombuffer(tree.read(path), np.uint8)
        with suppress_opencv_log():  # a broken image is named by the caller, once
            return cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    except (InputError, cv2.error):
        return None
