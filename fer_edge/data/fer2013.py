"""Streaming reader for Kaggle's FER2013 files `fer2013.csv` and `icml_face_data.csv`."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.labels import FER2013
from fer_edge.data import table
from fer_edge.data.bad_rows import BadRows
from fer_edge.data.dataset import Dataset

PIXELS = FACE_SIZE * FACE_SIZE
USAGES = {b"training": 0, b"publictest": 1, b"privatetest": 2}
"""Split number by value of the Usage column, in lower case."""

COLUMNS = (b"emotion", b"pixels")
"""Required columns; without USAGE all rows are train, as in Kaggle's `train.csv`."""

USAGE = b"usage"
TO_BLANKS = bytes.maketrans(b"[](),", b"     ")
"""Brackets and commas that some variants of the file have around and between pixels."""
BATCH = 32
"""Number of lines parsed at once: about 260 kB of text, which fits into the L2 cache."""


class Line(NamedTuple):
    """One data line before its values are parsed; `fault` describes an error in it."""

    number: int
    emotion: bytes = b""
    pixels: bytes = b""
    usage: bytes = b""
    fault: str = ""


class Header(NamedTuple):
    """Column positions in a table of faces; `usage` is None if there is no such column."""

    emotion: int
    pixels: int
    usage: int | None
    width: int
    separator: bytes


def parse_header(line: bytes) -> Header | None:
    """Find the columns of a FER2013 file.

    Args:
        line: first line; blanks, quotes, case and order of the names are ignored.

    Returns:
        The header; None if emotion or pixels is missing.
    """
    separator = table.delimiter(line)
    names = [table.bare(name).lower() for name in line.removeprefix(table.BOM).split(separator)]
    if not all(column in names for column in COLUMNS):
        return None
    usage = names.index(USAGE) if USAGE in names else None
    emotion, pixels = (names.index(column) for column in COLUMNS)
    return Header(emotion, pixels, usage, len(names), separator)


def read(
    stream: BinaryIO,
    name: str,
    bad_rows: BadRows,
    advance: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Read FER2013 from its CSV file.

    Args:
        stream: the file, opened in binary mode; commas, semicolons or tabs between the columns,
            UTF-8 or UTF-16.
        name: file name in errors and in `Dataset.names`.
        bad_rows: collects the invalid lines.
        advance: called with the number of bytes read since the last call, for a progress bar.

    Returns:
        All valid lines, without votes. `rows` counts the data lines of the file from 0; the
        provenance entry `source_rows` is their number, including invalid ones.

    Raises:
        InputError: no header, or an invalid line that is not to be skipped.
    """
    lines = table.lines(stream, name)
    header = parse_header(next(lines, b""))
    if header is None:
        raise InputError(f"{name}:1: no header with emotion, pixels and Usage")
    # glibc returns freed memory to the system until a large block has been freed once. Without
    # this, every batch causes page faults, which take a third of the reading time.
    np.empty(16 << 20, np.uint8)
    images, labels, splits, rows, numbers = [], [], [], [], []
    source_rows = 0
    for batch in _batches(_lines(lines, header, advance)):
        for row, (line, image) in enumerate(zip(batch, _images(batch), strict=True), source_rows):
            try:
                if line.fault:
                    raise ValueError(line.fault)
                label, split = parse_emotion(line.emotion), parse_usage(line.usage)
                images.append(parse_pixels(line.pixels) if image is None else image)
            except ValueError as error:
                bad_rows.add(f"{name}:{line.number}", str(error))
                continue
            labels.append(label)
            splits.append(split)
            rows.append(row)
            numbers.append(line.number)
        source_rows += len(batch)
    if not images:
        raise InputError(f"{name}: holds no images")
    return Dataset(
        images=np.stack(images),
        labels=np.array(labels, np.int16),
        split=np.array(splits, np.uint8),
        votes=np.zeros((len(labels), 10), np.uint8),
        names=np.array([f"{name}:{number}" for number in numbers]),
        label_names=FER2013,
        provenance={"source_rows": source_rows},
        rows=np.array(rows, np.int64),
    )


def parse_emotion(text: bytes) -> int:
    """Parse a class number 0..6; raises ValueError for anything else."""
    if len(text) == 1 and b"0" <= text <= b"6":
        return text[0] - 48
    raise ValueError(f"emotion is {_show(text)}, not one of 0..6")


def parse_usage(text: bytes) -> int:
    """Parse a Usage value to a split number; raises ValueError for an unknown one."""
    split = USAGES.get(text.lower())
    if split is None:
        raise ValueError(f"Usage is {_show(text)}, not Training, PublicTest or PrivateTest")
    return split


def parse_pixels(text: bytes) -> np.ndarray:
    """Parse one image of 2304 numbers, with a specific error message.

    Args:
        text: decimal numbers 0..255 with blanks between them.

    Returns:
        uint8 [48, 48].

    Raises:
        ValueError: wrong count, not a whole number, or a value above 255.
    """
    words = text.split()
    for word in words:
        if not word.isdigit():
            raise ValueError(f"pixel {_show(word)} is not a number 0..255")
        if len(word.lstrip(b"0")) > 3 or int(word) > 255:
            raise ValueError(f"pixel {_show(word)} is above 255")
    if len(words) != PIXELS:
        raise ValueError(f"{len(words)} pixels, not {PIXELS} (48x48)")
    return np.array(words, np.int64).astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)


def parse_pixels_fast(texts: list[bytes]) -> np.ndarray | None:
    """Parse several images at once by array operations on the bytes.

    At the last digit of every number, the two digits before it are added with their weights; the
    results at other bytes are discarded. Numbers have one to three digits and one blank between
    them.

    Args:
        texts: the 2304 decimal numbers of each image.

    Returns:
        Images, uint8 [n, 48, 48]; None if any text has another form. `parse_pixels` then parses
        them one by one or reports the error.
    """
    padded = b"".join([b"   ", b" ".join(texts), b" "])
    digits = np.frombuffer(padded, np.uint8) - np.uint8(ord("0"))
    is_digit = digits < 10
    blanks = np.count_nonzero(digits == np.uint8((ord(" ") - ord("0")) % 256))
    if np.count_nonzero(is_digit) + blanks != len(digits):
        return None
    ones = is_digit.view(np.uint8)
    digits *= ones  # blanks count nothing
    hundreds = digits[1:-2] * ones[2:-1]  # a digit two places back counts if digits lie between
    value = digits[2:-1] * np.uint8(10)
    value += digits[3:]
    here = is_digit[3:]
    # value + 100 hundreds <= 255, in uint8: a quarter of it is at most 63, and 100 is 4 times 25.
    quarter = value >> 2
    quarter += hundreds * np.uint8(25)
    quarter *= ones[3:]
    four_digits = is_digit[:-3] & is_digit[1:-2] & is_digit[2:-1] & here
    if quarter.max() > 63 or four_digits.any():
        return None
    hundreds *= np.uint8(100)
    value += hundreds
    last_digit = np.flatnonzero(here[:-1] > here[1:])
    ends = np.cumsum([len(text) + 1 for text in texts]) - 2
    if len(last_digit) != PIXELS * len(texts) or (last_digit[PIXELS - 1 :: PIXELS] != ends).any():
        return None
    return value.take(last_digit).reshape(-1, FACE_SIZE, FACE_SIZE)


def _images(batch: list[Line]) -> np.ndarray | list[None]:
    images = parse_pixels_fast([line.pixels for line in batch])
    return [None] * len(batch) if images is None else images


def _lines(
    lines: Iterator[bytes], header: Header, advance: Callable[[int], None]
) -> Iterator[Line]:
    for number, line in enumerate(lines, start=2):
        advance(len(line))
        if line.isspace():
            continue
        row = table.fields(line, header.separator, header.width)
        if len(row) != header.width:
            yield Line(number, fault=_wrong_width(line, len(row), header))
            continue
        pixels = table.bare(row[header.pixels])
        if b"," in pixels or pixels.startswith((b"[", b"(")):
            pixels = pixels.translate(TO_BLANKS)
        usage = b"training" if header.usage is None else table.bare(row[header.usage])
        yield Line(number, table.bare(row[header.emotion]), pixels, usage)


def _wrong_width(line: bytes, found: int, header: Header) -> str:
    hint = ""
    if line.count(b'"') % 2:
        hint = "; a quoted value goes on in the next line: write each row on one line"
    return f"{found} columns, not {header.width}{hint}"


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _show(text: bytes) -> str:
    return repr(text[:20].decode("utf-8", "replace"))
