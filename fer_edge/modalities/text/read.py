"""Readers of labeled texts: TSV, CSV and JSON lines in a folder, an archive or a single file."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import KNOWN, canonical, key
from fer_edge.data.tree import Tree
from fer_edge.modalities.text.text_map import DEFAULT, SPLITS, TextMap, load

NAMES = ("train", "val", "test")
_MAX_FILE = 1 << 30  # bytes
_MAX_TEXT = 1 << 20  # characters of one text
_ORDER = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise", "contempt")


@dataclass(frozen=True)
class Texts:
    """Labeled texts of one split.

    Attributes:
        texts: the texts.
        targets: float32 [n, labels], uniform over the labels of each text, summing to 1.
    """

    texts: tuple[str, ...]
    targets: NDArray[np.float32]

    @property
    def single(self) -> NDArray[np.int64]:
        """Label of each text, int64 [n]; -1 for texts with several labels."""
        several = self.targets.max(axis=1) < 1
        return np.where(several, -1, self.targets.argmax(axis=1)).astype(np.int64)


@dataclass(frozen=True)
class TextData:
    """A data set.

    Attributes:
        labels: names of the classes.
        splits: texts of train, val and test, by name.
        about: metadata for the card: name, license, digest and number of skipped texts.
    """

    labels: tuple[str, ...]
    splits: dict[str, Texts]
    about: dict[str, Any]


@dataclass(frozen=True)
class _Row:
    text: str
    labels: tuple[str, ...]
    split: str


def read(source: Path, map_name: str | None = None) -> TextData:
    """Read a data set.

    A single file without splits is split by a digest of the text: 80 % train, 10 % val, 10 % test.
    Training texts that also occur in val or test are dropped.

    Args:
        source: folder, archive or single file.
        map_name: name of a map or path of a `.toml`; None selects the GoEmotions layout if the
            source has it, otherwise files with columns `text` and `label`.

    Raises:
        InputError: the source cannot be read, a column is missing, or a label is not mapped.
    """
    tree = Tree(source)
    layout = load(map_name) if map_name else _guess(tree)
    rows = list(_rows(tree, layout))
    if not rows:
        raise InputError(f"{source}: no labeled text found")
    meanings = _meanings(rows, layout, source)
    kept = [(row, tuple(sorted({meanings[label] for label in row.labels} - {""}))) for row in rows]
    kept = [(row, labels) for row, labels in kept if labels]
    found = {label for _, labels in kept for label in labels}
    if len(found) < 2:
        raise InputError(f"{source}: all texts are of one class, {', '.join(found) or 'none'}")
    labels = tuple(name for name in _ORDER if canonical(name) in found)
    index = {canonical(name): at for at, name in enumerate(labels)}
    by_split: dict[str, list[tuple[str, tuple[int, ...]]]] = {name: [] for name in NAMES}
    for row, meant in kept:
        by_split[row.split].append((row.text, tuple(index[label] for label in meant)))
    held_out = {text for name in ("val", "test") for text, _ in by_split[name]}
    training = [entry for entry in by_split["train"] if entry[0] not in held_out]
    leaked = len(by_split["train"]) - len(training)
    by_split["train"] = training
    for name in NAMES:
        if not by_split[name]:
            raise InputError(f"{source}: the split {name} is empty: name the splits in the map")
    return TextData(
        labels,
        {name: _texts(entries, len(labels)) for name, entries in by_split.items()},
        {
            "name": layout.name,
            "license": layout.license,
            "digest": _digest(by_split),
            "synthetic": False,
            "texts": {name: len(entries) for name, entries in by_split.items()},
            "left_out": {"without_label": len(rows) - len(kept), "in_val_or_test": leaked},
        },
    )


def _guess(tree: Tree) -> TextMap:
    """Return the map for the GoEmotions layout if it matches, otherwise the default map."""
    names = {PurePosixPath(name).name for name in tree.names}
    if "train.tsv" in names and names & {"labels.txt", "emotions.txt"}:
        return load("goemotions")
    return DEFAULT


def _rows(tree: Tree, layout: TextMap) -> Iterator[_Row]:
    pattern = re.compile(layout.file)
    matches = [(name, match) for name in tree.names if (match := pattern.search(name))]
    if not matches:
        raise InputError(
            f"{tree.source}: no file matches {layout.file!r}: use .tsv, .csv or .jsonl files, or "
            "write a map"
        )
    numbered = _numbered_names(tree, layout.names) if layout.names else {}
    for name, match in matches:
        of_file = match.groupdict().get("split") or _split_of_name(name)
        for number, cells in _cells(tree, name, layout):
            text, label, split = cells
            if len(text) > _MAX_TEXT:
                raise InputError(
                    f"{tree.label(name)}:{number}: the text has {len(text):,} characters; the "
                    f"limit is {_MAX_TEXT:,}"
                )
            found = label if isinstance(label, list) else [label]
            parts = [
                part.strip()
                for each in found
                for part in (str(each).split(layout.separator) if layout.separator else [str(each)])
            ]
            labels = tuple(numbered.get(part, part) for part in parts if part)
            if text.strip() and labels:
                place = f"{tree.label(name)}:{number}"
                yield _Row(text.strip(), labels, _split(split or of_file, text, layout, place))


def _cells(tree: Tree, name: str, layout: TextMap) -> Iterator[tuple[int, tuple[str, Any, str]]]:
    """Yield the line number and the cells (text, label, split) of each row of a file."""
    content = tree.read(name, limit=_MAX_FILE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{tree.label(name)}:{line}: not UTF-8: save the file as UTF-8") from error
    if name.lower().endswith((".jsonl", ".ndjson", ".json")):
        yield from _json_cells(text, tree.label(name), layout)
    else:
        yield from _table_cells(text, name, tree.label(name), layout)


def _json_cells(
    text: str, name: str, layout: TextMap
) -> Iterator[tuple[int, tuple[str, Any, str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name}:{number}: not a JSON object ({error})") from error
        wanted = [layout.text, layout.label, *([layout.split] if layout.split else [])]
        missing = [key for key in wanted if not isinstance(values, dict) or key not in values]
        if missing:
            raise InputError(f"{name}:{number}: key {missing[0]!r} is missing: name it in a map")
        split = str(values[layout.split]) if layout.split else ""
        yield number, (str(values[layout.text]), values[layout.label], split)


def _table_cells(
    text: str, name: str, shown: str, layout: TextMap
) -> Iterator[tuple[int, tuple[str, Any, str]]]:
    tabs = name.lower().endswith(".tsv")
    first = text.partition("\n")[0]
    delimiter = "\t" if tabs else max(",;\t", key=first.count)
    # TSV files are read without quoting: in GoEmotions, quotes are part of the text.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    csv.field_size_limit(_MAX_TEXT * 4)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    wanted = [layout.text, layout.label, *([layout.split] if layout.split is not None else [])]
    try:
        if isinstance(layout.text, str):
            header = [cell.strip() for cell in next(rows, [])]
            missing = [column for column in wanted if column not in header]
            if missing:
                raise InputError(
                    f"{shown}: no column {missing[0]!r} in {', '.join(header)[:200]}: name the "
                    "columns in a map"
                )
            columns = [header.index(str(column)) for column in wanted]
        else:
            columns = [int(column) for column in wanted]
        for row in rows:
            if not row:
                continue
            if len(row) <= max(columns):
                raise InputError(f"{shown}:{rows.line_num}: the row has {len(row)} columns")
            cells = [row[column] for column in columns]
            yield rows.line_num, (cells[0], cells[1], cells[2] if len(cells) > 2 else "")
    except csv.Error as error:
        raise InputError(f"{shown}:{rows.line_num}: {error}") from error


def _numbered_names(tree: Tree, pattern: str) -> dict[str, str]:
    found = next((name for name in tree.names if re.search(pattern, name)), None)
    if found is None:
        raise InputError(f"{tree.source}: no file matches {pattern!r}, which lists the labels")
    lines = tree.read(found).decode("utf-8", "replace").split("\n")
    return {str(at): line.strip() for at, line in enumerate(lines) if line.strip()}


def _split_of_name(name: str) -> str:
    """Return the split named in a file name, such as `train.csv` or `data/dev.jsonl`."""
    parts = re.split(r"[^a-z]+", PurePosixPath(name).stem.lower())
    return next((part for part in parts if part in SPLITS), "")


def _split(said: str, text: str, layout: TextMap, place: str) -> str:
    if not said:
        bucket = crc32(text.strip().encode("utf-8", "replace")) % 10
        return "test" if bucket == 0 else "val" if bucket == 1 else "train"
    known = SPLITS | {name.lower(): split for name, split in layout.splits.items()}
    split = known.get(said.lower())
    if split is None:
        raise InputError(f"{place}: the split {said!r} is unknown: add it to [splits] of the map")
    return split


def _meanings(rows: Sequence[_Row], layout: TextMap, source: Path) -> dict[str, str]:
    mapped = {key(label): meant for label, meant in layout.labels.items()}
    counts = Counter(label for row in rows for label in row.labels)
    meanings = {
        label: canonical(mapped[key(label)]) if key(label) in mapped else KNOWN.get(key(label))
        for label in counts
    }
    valid = {*KNOWN.values(), ""}
    unknown = sorted(label for label, meant in meanings.items() if meant not in valid)
    if unknown:
        raise InputError(
            f"{source}: no expression is known for {', '.join(map(repr, unknown[:8]))}: add each "
            'to [labels] of a map (--map), with "" to skip its texts'
        )
    return {label: meant for label, meant in meanings.items() if meant is not None}


def _texts(entries: Sequence[tuple[str, tuple[int, ...]]], labels: int) -> Texts:
    targets = np.zeros((len(entries), labels), np.float32)
    for row, (_, found) in zip(targets, entries, strict=True):
        row[list(found)] = 1 / len(found)
    return Texts(tuple(text for text, _ in entries), targets)


def _digest(splits: dict[str, list[tuple[str, tuple[int, ...]]]]) -> str:
    content = json.dumps(splits, ensure_ascii=False, sort_keys=True)
    return sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
