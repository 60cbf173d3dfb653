"""Reads lines and columns of delimited text in common dialects and encodings."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from device.errors import InputError
from fer_edge.data.limits import MAX_LINE

BOM = b"\xef\xbb\xbf"
DELIMITERS = (b",", b";", b"\t")


def lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Lines of a text file as UTF-8, without a byte order mark; UTF-16 is converted.

    Args:
        stream: the file, opened in binary mode.
        name: file name for error messages.

    Raises:
        InputError: the file cannot be read, or a line is longer than MAX_LINE bytes.
    """
    first = stream.readline(MAX_LINE)
    encoding = _utf16(first)
    if encoding is None:
        yield _bounded(first.removeprefix(BOM), name, 1)
        number = 1
        while line := stream.readline(MAX_LINE):
            number += 1
            yield _bounded(line, name, number)
        return
    text = io.TextIOWrapper(
        io.BufferedReader(_After(first, stream)), encoding, "replace", newline="\n"
    )
    number = 0
    while decoded := text.readline(MAX_LINE):
        number += 1
        yield _bounded(decoded.encode().removeprefix(BOM), name, number)


def delimiter(header: bytes) -> bytes:
    """The most frequent of DELIMITERS in a header."""
    return max(DELIMITERS, key=header.count)


def fields(line: bytes, separator: bytes, width: int) -> list[bytes]:
    """Split a line into columns.

    Args:
        line: line without quoted line breaks.
        separator: column separator.
        width: expected number of columns; quotes are parsed only if a plain split gives another.
    """
    plain = line.split(separator)
    if len(plain) == width or b'"' not in line:
        return plain
    try:
        text = line.decode("utf-8", "surrogateescape")
        row = next(csv.reader([text], delimiter=separator.decode()), [])
    except csv.Error:
        return plain
    return [value.encode("utf-8", "surrogateescape") for value in row]


def bare(value: bytes) -> bytes:
    """Strip blanks and quotes from a column."""
    return value.strip().strip(b'"').strip()


def _bounded(line: bytes, name: str, number: int) -> bytes:
    if len(line) >= MAX_LINE:
        raise InputError(
            f"{name}:{number}: a line of {MAX_LINE >> 20} MiB or more: this is not a table of faces"
        )
    return line


def _utf16(start: bytes) -> str | None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if start[:1] == b"\0" else None


class _After(io.RawIOBase):
    """A stream whose first bytes have already been read."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        content = self._start[: len(buffer)] or self._stream.read(len(buffer))
        self._start = self._start[len(content) :] if self._start else b""
        buffer[: len(content)] = content
        return len(content)
