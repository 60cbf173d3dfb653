"""Reads data sets of any layout, as described by a map."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.faces.align import FaceCropper
from device.faces.crop import crop_face
from device.faces.detector import Detector, open_detector
from device.geometry import Box
from device.image import decode
from device.image.color import gray as to_gray
from device.labels import FER2013, FERPLUS, KNOWN, SYNONYMS, canonical
from fer_edge.data import map_entries, pictures, progress, sampling
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.dataset import SPLITS, VOTE_COLUMNS, Dataset
from fer_edge.data.folders import SPLIT_FOLDERS
from fer_edge.data.label_map import ROLES, LabelMap
from fer_edge.data.map_entries import Entry, label_key
from fer_edge.data.tree import Tree


def read(
    tree: Tree, label_map: LabelMap, bad_rows: BadRows, *, split: str, limit: int | None = None
) -> Dataset:
    """Read a data set.

    Args:
        tree: folder or archive.
        label_map: description of the data set.
        bad_rows: collects images that cannot be read, contain no face or are missing.
        split: split of images for which none is given.
        limit: maximum number of images to read, the same fraction of each class and split.

    Raises:
        InputError: no image fits the map, labels without a meaning, only one class, or an invalid
            image that is not to be skipped.
    """
    images = [name for name in tree.names if pictures.is_picture(name)]
    if not images:
        raise InputError(f"{tree.source}: contains no images")
    entries = list(map_entries.find(tree, images, label_map, bad_rows))
    if not entries:
        raise InputError(
            f"{tree.source}: none of {len(images)} images fits the map of {label_map.name}: the "
            "first is " + images[0]
        )
    meanings, left_out = _meanings(entries, label_map, tree)
    kept = [entry for entry in entries if meanings[entry.label]]
    label_names = _label_names({meanings[entry.label] for entry in kept}, tree)
    index = {canonical(name): at for at, name in enumerate(label_names)}
    labels = [index[meanings[entry.label]] for entry in kept]
    splits = [_split(entry, label_map, split, tree) for entry in kept]
    chosen = sampling.spread(splits, labels, limit)
    faces, read_at = _faces(tree, [kept[at] for at in chosen], label_map, bad_rows)
    at = chosen[read_at]
    return Dataset(
        images=faces,
        labels=np.array(labels, np.int16)[at],
        split=np.array(splits, np.uint8)[at],
        votes=np.zeros((len(at), VOTE_COLUMNS), np.uint8),
        names=np.array([kept[i].path for i in at]),
        subjects=_subjects([kept[i] for i in at]),
        attributes=_attributes([kept[i] for i in at]),
        label_names=label_names,
        provenance={
            "name": label_map.name,
            "layout": "map",
            "labels_from": "map",
            "map": label_map.model_dump(mode="json", exclude_defaults=True),
            "license": label_map.license,
            "notes": [f"{count} images labeled {name!r} are excluded by the map"
                      for name, count in left_out.items()],
        },
    )  # fmt: skip


def _meanings(
    entries: Sequence[Entry], label_map: LabelMap, tree: Tree
) -> tuple[dict[str, str], Counter[str]]:
    """The meaning of each label, and the number of images that the map excludes, by label."""
    mapped = {label_key(label): meant for label, meant in label_map.labels.items()}
    counts = Counter(entry.label for entry in entries)
    meanings = {
        label: canonical(mapped[label]) if label in mapped else KNOWN.get(label) for label in counts
    }
    unknown = sorted(label for label, meant in meanings.items() if meant is None)
    if unknown:
        raise InputError(
            f"{tree.source}: the map of {label_map.name} does not say what "
            f'{", ".join(map(repr, unknown[:8]))} means: add it to its [labels], or "" to exclude '
            "such images"
        )
    known = {label: meant for label, meant in meanings.items() if meant is not None}
    return known, Counter({label: counts[label] for label, meant in known.items() if not meant})


def _label_names(found: Collection[str], tree: Tree) -> tuple[str, ...]:
    if len(found) < 2:
        only = next(iter(found), "none that is kept")
        raise InputError(f"{tree.source}: all images are of one class, {only!r}")
    if set(found) <= set(FER2013):
        return FER2013
    if set(found) <= set(SYNONYMS):
        return FERPLUS
    return tuple(sorted(found))


def _split(entry: Entry, label_map: LabelMap, default: str, tree: Tree) -> int:
    text = entry.said.get("split", "")
    if not text:
        return SPLITS.index(default)
    own = {key.lower(): SPLITS.index(name) for key, name in label_map.splits.items()}
    number = (SPLIT_FOLDERS | own).get(text.lower())
    if number is None:
        raise InputError(
            f"{tree.label(entry.path)}: the split {text!r} is not train, val or test: add it "
            "to the map's [splits]"
        )
    return number


def _subjects(entries: Sequence[Entry]) -> NDArray[np.str_]:
    """The subject of each image; an image without a known subject counts as its own subject."""
    subjects = [entry.said.get("subject", "") for entry in entries]
    if not any(subjects):
        return np.full(len(entries), "")
    return np.array([s or e.path for s, e in zip(subjects, entries, strict=True)])


def _attributes(entries: Sequence[Entry]) -> dict[str, NDArray[np.str_]]:
    names = sorted({name for entry in entries for name in entry.said if name not in ROLES})
    return {name: np.array([entry.said.get(name, "") for entry in entries]) for name in names}


def _faces(
    tree: Tree, entries: Sequence[Entry], label_map: LabelMap, bad_rows: BadRows
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The faces, uint8 [n, 48, 48], and the positions of the entries that have one."""
    detector = open_detector("auto") if label_map.faces == "detect" else None
    faces, kept = [], []
    with progress.bar(f"Reading {tree.source.name}", len(entries)) as advance:
        for at, entry in enumerate(entries):
            advance(1)
            try:
                face = _face(tree.read(entry.path), entry, label_map, detector)
            except (InputError, ValueError, OverflowError) as error:
                bad_rows.add(tree.label(entry.path), str(error))
                continue
            faces.append(face)
            kept.append(at)
    if not faces:
        raise InputError(f"{tree.source}: no image is left; all are invalid or contain no face")
    return np.stack(faces), np.array(kept, np.intp)


def _face(
    content: bytes, entry: Entry, label_map: LabelMap, detector: Detector | None
) -> NDArray[np.uint8]:
    if detector is not None:
        image = decode.decode(content, gray=False)
        if image is None:
            raise InputError("is not an image that can be read")
        pixels = to_gray(image)
        found = detector.find(image if detector.color else pixels)
        if not found:
            raise InputError("contains no face that the detector finds")
        crop = FaceCropper(margin=label_map.margin)
        return crop(pixels, found[0].box, found[0].roll).copy()
    picture = pictures.decode(content)
    if label_map.faces == "box" and _has_box(entry.said):
        return crop_face(picture, _box(entry.said), margin=label_map.margin)
    return pictures.to_face(picture)


def _has_box(said: dict[str, str]) -> bool:
    """Whether a line gives a box; if its cells are empty, the whole image is the face."""
    return any(said.get(name) for name in ("x", "y", "w", "h", "left", "top", "right", "bottom"))


def _box(said: dict[str, Any]) -> Box:
    try:
        if "w" in said:
            x, y, w, h = (float(said[name]) for name in "xywh")
        else:
            x, y, right, bottom = (float(said[n]) for n in ("left", "top", "right", "bottom"))
            w, h = right - x, bottom - y
        box = Box(round(x), round(y), round(w), round(h))
    except (ValueError, OverflowError) as error:
        raise InputError(f"its box is not four numbers ({error})") from error
    if min(box.w, box.h) < 1 or max(map(abs, box)) > 1 << 16:
        raise InputError(f"its box {tuple(box)} is empty or out of range")
    return box
