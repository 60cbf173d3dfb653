"""Data sets of any layout, read as a map describes them."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
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
from device.labels import FER2013, FERPLUS
from fer_edge.data import classes, pictures, progress, sampling, table
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.dataset import SPLITS, VOTE_COLUMNS, Dataset
from fer_edge.data.folders import SPLIT_FOLDERS
from fer_edge.data.label_map import ROLES, Index, LabelMap, Sequences
from fer_edge.data.tree import Tree


@dataclass(frozen=True)
class Entry:
    """One face: the path of its image, and what pattern and table say of it, by role."""

    path: str
    said: dict[str, str]

    @property
    def label(self) -> str:
        """The label in its normal form; "" where nothing says one."""
        return label_key(self.said.get("label", ""))


def read(
    tree: Tree, label_map: LabelMap, bad_rows: BadRows, *, split: str, limit: int | None = None
) -> Dataset:
    """Read a data set.

    Args:
        tree: a folder or archive.
        label_map: its description.
        bad_rows: takes images that cannot be read, hold no face or are missing.
        split: split of the images of which nothing says one.
        limit: number of images to read at most, the same share of each class and split.

    Raises:
        InputError: no image fits the map, labels without a meaning, one class, or a bad image that
            is not to be skipped.
    """
    images = [name for name in tree.names if name.lower().endswith(pictures.SUFFIXES)]
    if not images:
        raise InputError(f"{tree.source}: holds no images")
    entries = list(_entries(tree, images, label_map, bad_rows))
    if not entries:
        raise InputError(
            f"{tree.source}: none of {len(images)} images fits the map of {label_map.name}: the "
            "first is " + images[0]
        )
    meanings, left_out = _meanings(entries, label_map, tree)
    kept = [entry for entry in entries if meanings[entry.label]]
    label_names = _label_names({meanings[entry.label] for entry in kept}, tree)
    index = {classes.canonical(name): at for at, name in enumerate(label_names)}
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
            "notes": [f"{count} images labeled {name!r} are left out by the map"
                      for name, count in left_out.items()],
        },
    )  # fmt: skip


def label_key(text: str) -> str:
    """What two spellings of one label have in common: `3`, `03` and `3.0e+00`; `Happy`, `happy`."""
    try:
        number = float(text)
    except ValueError:
        return classes.key(text.strip())
    return str(int(number)) if number.is_integer() else text.strip()


def _meanings(
    entries: Sequence[Entry], label_map: LabelMap, tree: Tree
) -> tuple[dict[str, str], Counter[str]]:
    """For each label its meaning, and how many images the map leaves out, by label."""
    mapped = {label_key(label): meant for label, meant in label_map.labels.items()}
    counts = Counter(entry.label for entry in entries)
    meanings = {
        label: classes.canonical(mapped[label]) if label in mapped else classes.KNOWN.get(label)
        for label in counts
    }
    unknown = sorted(label for label, meant in meanings.items() if meant is None)
    if unknown:
        raise InputError(
            f"{tree.source}: the map of {label_map.name} does not say what "
            f'{", ".join(map(repr, unknown[:8]))} means: add it to its [labels], or "" to leave '
            "such images out"
        )
    known = {label: meant for label, meant in meanings.items() if meant is not None}
    return known, Counter({label: counts[label] for label, meant in known.items() if not meant})


def _label_names(found: Collection[str], tree: Tree) -> tuple[str, ...]:
    if len(found) < 2:
        only = next(iter(found), "none that is kept")
        raise InputError(f"{tree.source}: all images are of one class, {only!r}")
    if set(found) <= set(FER2013):
        return FER2013
    if set(found) <= set(classes.SYNONYMS):
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
            f"{tree.label(entry.path)}: the split {text!r} is none of train, val and test: name "
            "it in the map's [splits]"
        )
    return number


def _subjects(entries: Sequence[Entry]) -> NDArray[np.str_]:
    """The person on each image; an image of nobody known is a person of its own."""
    subjects = [entry.said.get("subject", "") for entry in entries]
    if not any(subjects):
        return np.full(len(entries), "")
    return np.array([s or e.path for s, e in zip(subjects, entries, strict=True)])


def _attributes(entries: Sequence[Entry]) -> dict[str, NDArray[np.str_]]:
    names = sorted({name for entry in entries for name in entry.said if name not in ROLES})
    return {name: np.array([entry.said.get(name, "") for entry in entries]) for name in names}


def _entries(
    tree: Tree, images: Sequence[str], label_map: LabelMap, bad_rows: BadRows
) -> Iterator[Entry]:
    pattern = re.compile(label_map.pattern, re.IGNORECASE) if label_map.pattern else None
    if label_map.index:
        for entry in _listed(tree, images, label_map.index, bad_rows):
            match = pattern.search(entry.path) if pattern else None
            yield Entry(entry.path, (_groups(match) if match else {}) | entry.said)
        return
    assert pattern is not None  # a map has the one or the other
    matches = ((name, pattern.search(name)) for name in images)
    found = [Entry(name, _groups(match)) for name, match in matches if match]
    yield from _labeled_frames(tree, found, label_map.sequences) if label_map.sequences else found


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def _labeled_frames(tree: Tree, entries: Sequence[Entry], sequences: Sequences) -> Iterator[Entry]:
    """The frames of each sequence that has a label: the last ones, and the first."""
    frames = defaultdict(list)
    for entry in entries:
        frames[str(PurePosixPath(entry.path).parent)].append(entry)
    for one in frames.values():
        path = sequences.labels
        for name, value in one[0].said.items():
            path = path.replace(f"{{{name}}}", re.escape(value))
        pattern = re.compile(path, re.IGNORECASE)
        found = next((name for name in tree.names if pattern.search(name)), None)
        if found is None:
            continue  # CK+ labels 327 of its 593 sequences
        label = tree.read(found).decode("utf-8", "replace").strip()
        if sequences.first and len(one) > sequences.last:
            yield Entry(one[0].path, one[0].said | {"label": sequences.first})
        for entry in one[-sequences.last :]:
            yield Entry(entry.path, entry.said | {"label": label})


def _listed(tree: Tree, images: Sequence[str], index: Index, bad_rows: BadRows) -> Iterator[Entry]:
    """The faces that the tables list."""
    pattern = re.compile(index.file, re.IGNORECASE)
    matches = [(name, match) for name in tree.names if (match := pattern.search(name))]
    if not matches:
        raise InputError(f"{tree.source}: no file fits the index {index.file!r} of the map")
    by_name = defaultdict(list)
    for path in images:
        by_name[PurePosixPath(path).name].append(path)
    for name, match in matches:
        for number, row in _rows(tree, name, index):
            where = f"{tree.label(name)}:{number}"
            if row is None:
                bad_rows.add(where, "has fewer columns than the map names")
                continue
            file = row.pop("file").replace("\\", "/")
            stem = str(PurePosixPath(file).with_suffix("")) if file else ""
            image = index.image.replace("{file}", file).replace("{stem}", stem)
            paths = [
                path
                for path in by_name.get(PurePosixPath(image).name, ())
                if path == image or path.endswith("/" + image)
            ]
            if len(paths) != 1:
                bad_rows.add(where, f"names {image!r}, and {len(paths)} images are called so")
                continue
            yield Entry(paths[0], _groups(match) | row)


def _rows(tree: Tree, name: str, index: Index) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Line number and columns by role of each line of a table; None for a short line."""
    with tree.open(name) as stream:
        positions: dict[str, int] = {}
        separator: bytes | None = None
        for number, line in enumerate(table.lines(stream, tree.label(name)), 1):
            if not line.strip():
                continue
            if number == 1:
                separator = table.delimiter(line)
                separator = separator if separator in line else None
            cells = _cells(line, separator)
            if not positions:
                header = number == 1 and isinstance(index.columns["file"], str)
                positions = _positions(cells, index, tree.label(name))
                if header:
                    continue
            if max(positions.values()) >= len(cells):
                yield number, None
                continue
            yield number, {role: cells[at] for role, at in positions.items()}


def _cells(line: bytes, separator: bytes | None) -> list[str]:
    # A width of 0 has quotes looked at wherever there are any.
    cells = line.split() if separator is None else table.fields(line.strip(), separator, 0)
    return [table.bare(cell).decode("utf-8", "replace") for cell in cells]


def _positions(header: Sequence[str], index: Index, label: str) -> dict[str, int]:
    found = {}
    for role, column in index.columns.items():
        if isinstance(column, str):
            if column not in header:
                raise InputError(
                    f"{label}: has no column {column!r}, which the map names for {role}; it has "
                    + ", ".join(header[:12])
                )
            found[role] = header.index(column)
        else:
            found[role] = column
    return found


def _faces(
    tree: Tree, entries: Sequence[Entry], label_map: LabelMap, bad_rows: BadRows
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The faces, uint8 [n, 48, 48], and the positions of those entries that have one."""
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
        raise InputError(f"{tree.source}: no image is left; all are broken or hold no face")
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
            raise InputError("holds no face that the detector finds")
        crop = FaceCropper(margin=label_map.margin)
        return crop(pixels, found[0].box, found[0].roll).copy()
    picture = pictures.decode(content)
    if label_map.faces == "box" and _has_box(entry.said):
        return crop_face(picture, _box(entry.said), margin=label_map.margin)
    return pictures.to_face(picture)


def _has_box(said: dict[str, str]) -> bool:
    """Whether a line gives a box; where its cells are empty, the whole picture is the face."""
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
        raise InputError(f"its box is no four numbers ({error})") from error
    if min(box.w, box.h) < 1 or max(map(abs, box)) > 1 << 16:
        raise InputError(f"its box {tuple(box)} is empty or out of range")
    return box
