"""Finds the faces of a mapped data set by a pattern, a table or label files."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from device.errors import InputError
from device.labels import key
from fer_edge.data import table
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.label_map import Index, LabelMap, Sequences
from fer_edge.data.tree import Tree


@dataclass(frozen=True)
class Entry:
    """One face: the path of its image, and its properties from pattern and table, by role."""

    path: str
    said: dict[str, str]

    @property
    def label(self) -> str:
        """The label in its normal form; "" if there is none."""
        return label_key(self.said.get("label", ""))


def label_key(text: str) -> str:
    """The common form of spellings of a label: `3`, `03` and `3.0e+00`; `Happy`, `happy`."""
    try:
        number = float(text)
    except ValueError:
        return key(text.strip())
    return str(int(number)) if number.is_integer() else text.strip()


def find(
    tree: Tree, images: Sequence[str], label_map: LabelMap, bad_rows: BadRows
) -> Iterator[Entry]:
    """Find the faces of a data set.

    Args:
        tree: folder or archive.
        images: paths of its images.
        label_map: description of the data set.
        bad_rows: collects lines of tables that are too short or name no image.

    Raises:
        InputError: a table named in the map is missing, or lacks a column.
    """
    pattern = re.compile(label_map.pattern, re.IGNORECASE) if label_map.pattern else None
    if label_map.index:
        for entry in _listed(tree, images, label_map.index, bad_rows):
            match = pattern.search(entry.path) if pattern else None
            yield Entry(entry.path, (_groups(match) if match else {}) | entry.said)
        return
    assert pattern is not None  # a map has either an index or a pattern
    matches = ((name, pattern.search(name)) for name in images)
    found = [Entry(name, _groups(match)) for name, match in matches if match]
    yield from _labeled_frames(tree, found, label_map.sequences) if label_map.sequences else found


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def _labeled_frames(tree: Tree, entries: Sequence[Entry], sequences: Sequences) -> Iterator[Entry]:
    """The frames of each labeled sequence: the last ones, and the first."""
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
    """The faces listed in the tables."""
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
                bad_rows.add(where, "has fewer columns than the map expects")
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
                bad_rows.add(where, f"names {image!r}, which is the name of {len(paths)} images")
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
    # A width of 0 makes the parser handle quotes.
    cells = line.split() if separator is None else table.fields(line.strip(), separator, 0)
    return [table.bare(cell).decode("utf-8", "replace") for cell in cells]


def _positions(header: Sequence[str], index: Index, label: str) -> dict[str, int]:
    found = {}
    for role, column in index.columns.items():
        if isinstance(column, str):
            if column not in header:
                raise InputError(
                    f"{label}: has no column {column!r}, which the map expects for {role}; it has "
                    + ", ".join(header[:12])
                )
            found[role] = header.index(column)
        else:
            found[role] = column
    return found
