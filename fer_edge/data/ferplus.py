"""FER+ crowd votes: reading, matching to images, and the authors' rules for labels.

Source: Barsoum, Zhang, Canton Ferrer, Zhang, "Training Deep Networks for Facial Expression
Recognition with Crowd-Sourced Label Distribution", ICMI 2016; votes in `fer2013new.csv`.
"""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from fer_edge.data import table
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.fer2013 import parse_usage

COLUMNS = (*FERPLUS, "unknown", "nf")
"""The ten vote columns; `nf` is "no face"."""

TO_FER2013 = np.array(
    [FER2013.index(name) for name in ("neutral", "happy", "surprise", "sad", "angry", "disgust")]
    + [FER2013.index("fear"), -1, -1],
    np.int16,
)
"""FER2013 label of each FER+ class; -1 for contempt and for no label (the last entry)."""


@dataclass(frozen=True)
class Votes:
    """The rows of a votes file; `split` is -1 for invalid rows.

    Attributes:
        file: file name for error messages.
        lines: line number of each row, int64 [n].
        split: indices into SPLITS, int16 [n].
        images: FER+ image names; empty for images without a face.
        votes: vote counts, uint8 [n, 10].
    """

    file: str
    lines: np.ndarray
    split: np.ndarray
    images: list[str]
    votes: np.ndarray


def read(stream: BinaryIO, name: str, bad_rows: BadRows) -> Votes:
    """Read `fer2013new.csv`: Usage, Image name, and ten columns of votes.

    Args:
        stream: the file, opened in binary mode; commas, semicolons or tabs between the columns,
            UTF-8 or UTF-16.
        name: file name for error messages.
        bad_rows: collects the invalid lines.

    Raises:
        InputError: a column is missing, or a line is invalid and not to be skipped.
    """
    lines = table.lines(stream, name)
    first = next(lines, b"")
    separator = table.delimiter(first)
    names = map(table.bare, first.split(separator))
    header = [column.decode("utf-8", "replace").lower() for column in names]
    missing = {"usage", "image name", *COLUMNS} - set(header)
    if missing:
        raise InputError(f"{name}:1: no votes of FER+ (no column {', '.join(sorted(missing))})")
    usage, image = header.index("usage"), header.index("image name")
    columns = [header.index(column) for column in COLUMNS]
    numbers, splits, images, votes = [], [], [], []
    for number, line in enumerate(lines, start=2):
        if line.isspace():
            continue
        fields = [
            table.bare(field).decode("utf-8", "replace")
            for field in table.fields(line, separator, len(header))
        ]
        split, row = -1, [0] * len(COLUMNS)
        try:
            if len(fields) != len(header):
                raise ValueError(f"{len(fields)} columns, not {len(header)}")
            row = [_count(fields[column]) for column in columns]
            split = parse_usage(fields[usage].encode())
        except ValueError as error:
            bad_rows.add(f"{name}:{number}", str(error))
        numbers.append(number)
        splits.append(split)
        images.append(fields[image] if len(fields) > image else "")
        votes.append(row)
    return Votes(
        name,
        np.array(numbers, np.int64),
        np.array(splits, np.int16),
        images,
        np.array(votes, np.uint8).reshape(-1, len(COLUMNS)),
    )


def attach_by_row(dataset: Dataset, votes: Votes, bad_rows: BadRows) -> Dataset:
    """Give each image the votes of its row.

    Args:
        dataset: images as `fer2013.read` returns them.
        votes: votes for all rows of the same file.
        bad_rows: collects the rows whose Usage differs between the two.

    Raises:
        InputError: the two differ in length, or in a Usage that is not to be skipped.
    """
    rows = dataset.provenance["source_rows"]
    if len(votes.split) != rows:
        raise InputError(
            f"{votes.file}: the labels do not fit the votes: {len(votes.split)} rows of votes "
            f"for {rows} rows of images, and they must match row for row"
        )
    return _attach(dataset, votes, dataset.rows, bad_rows)


def attach_by_name(dataset: Dataset, votes: Votes, bad_rows: BadRows) -> Dataset:
    """Give each image the votes for its file name.

    Raises:
        InputError: an image has no votes, or another split in the votes, and is not to be skipped.
    """
    row_of = {image: row for row, image in enumerate(votes.images) if image}
    rows = [row_of.get(PurePosixPath(name).name, -1) for name in dataset.names]
    return _attach(dataset, votes, np.array(rows, np.int64), bad_rows)


def _attach(dataset: Dataset, votes: Votes, rows: np.ndarray, bad_rows: BadRows) -> Dataset:
    known = rows >= 0
    for name in dataset.names[~known]:
        bad_rows.add(str(name), f"has no votes in {votes.file}")
    usage = np.where(known, votes.split[rows], -1)
    for index in np.flatnonzero((usage >= 0) & (usage != dataset.split)):
        bad_rows.add(
            f"{votes.file}:{votes.lines[rows[index]]}",
            f"the labels do not fit the votes: {SPLITS[usage[index]]} here, and "
            f"{dataset.names[index]} is {SPLITS[dataset.split[index]]}",
        )
    good = usage == dataset.split
    dataset = replace(dataset, votes=np.where(good[:, None], votes.votes[rows], 0))
    return dataset if good.all() else dataset.take(good)


def distribution(votes: np.ndarray) -> np.ndarray:
    """The label distribution used for training on FER+.

    Single votes are dropped as noise, unknown and no-face are left out, the rest is normalized.

    Args:
        votes: vote counts, [n, 10].

    Returns:
        float32 [n, 8], each row sums to 1; rows without usable votes are all 0.
    """
    kept = _without_single(votes)[:, : len(FERPLUS)].astype(np.float32)
    total = kept.sum(axis=1, keepdims=True)
    return np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)


def majority(votes: np.ndarray) -> np.ndarray:
    """The label by the authors' majority rule.

    Votes of 1 are dropped; the winner must hold more than half of all that remain, unknown and
    no-face among them; images that are then unknown, no face or undecided are left out.

    Args:
        votes: vote counts, [n, 10].

    Returns:
        int16 [n], index into `device.labels.FERPLUS`, -1 where the image is left out.
    """
    kept = _without_single(votes)
    winner = kept.argmax(axis=1)
    decided = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(decided & (winner < len(FERPLUS)), winner, -1).astype(np.int16)


def _without_single(votes: np.ndarray) -> np.ndarray:
    votes = votes.astype(np.int64)
    return np.where(votes > 1, votes, 0)


def _count(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 9 and int(text) <= 255):
        raise ValueError(f"{text[:20]!r} is not a number of votes")
    return int(text)
