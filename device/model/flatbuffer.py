"""Tables of a flatbuffer, read with every offset checked: a damaged file ends in `DamagedError`.

LiteRT opens a flatbuffer without such checks, and so does the code that flatc generates for Python.
The checks are those of flatbuffers' C++ verifier ("FlatBuffer Internals", flatbuffers.dev), but for
alignment, which is a matter of speed.
"""

import struct
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt

_U16, _U32, _I32 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<i")
_SMALLEST_TABLE = 4  # bytes: each table is referred to by an offset of 4


class DamagedError(ValueError):
    """An offset, a length or a value that no writer would have put there."""


class Flatbuffer:
    """The content of a file.

    Attributes:
        content: the whole file.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        # Offsets may make tables refer to each other in circles or to one table a million times.
        self._tables_left = len(content) // _SMALLEST_TABLE

    def root(self) -> "Table":
        """Give the table that the file begins with."""
        return self.table(self.number(_U32, 0))

    def number(self, kind: struct.Struct, at: int) -> int:
        """Read a number that lies at a byte of the file."""
        self.check(at, kind.size)
        return cast(int, kind.unpack_from(self.content, at)[0])

    def check(self, at: int, size: int) -> None:
        """Check that so many bytes from there on are within the file."""
        if at < 0 or at + size > len(self.content):
            raise DamagedError(f"an offset points to byte {at}, outside the file")

    def table(self, at: int) -> "Table":
        """Give the table that lies at a byte of the file."""
        if self._tables_left == 0:
            raise DamagedError("it refers to more tables than it can hold")
        self._tables_left -= 1
        return Table(self, at)


class Table:
    """A table: fields by number, as they stand in the schema. What is absent has its default."""

    def __init__(self, file: Flatbuffer, at: int) -> None:
        self._file, self._at = file, at
        vtable = at - file.number(_I32, at)
        size = file.number(_U16, vtable)
        self._inline = file.number(_U16, vtable + 2)
        if size < 4 or size % 2:
            raise DamagedError(f"the table at byte {at} has no field list")
        file.check(vtable, size)
        file.check(at, self._inline)
        self._fields = struct.unpack_from(f"<{size // 2 - 2}H", file.content, vtable + 4)

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Read a number of a `struct` format such as "I"."""
        struct_ = struct.Struct(f"<{kind}")
        at = self._find(field, struct_.size)
        return default if at is None else self._file.number(struct_, at)

    def table(self, field: int) -> "Table | None":
        """Read a table."""
        at = self._target(field)
        return None if at is None else self._file.table(at)

    def tables(self, field: int) -> "Iterator[Table]":
        """Read a vector of tables."""
        for at in self._targets(field):
            yield self._file.table(at)

    def text(self, field: int) -> str:
        """Read a string; what is no UTF-8 in it is replaced."""
        return self.values(field, np.uint8).tobytes().decode("utf-8", errors="replace")

    def values(self, field: int, dtype: type[Any]) -> npt.NDArray[Any]:
        """Read a vector of numbers: a read-only view of the file."""
        at = self._target(field)
        if at is None:
            return np.empty(0, dtype)
        count = self._file.number(_U32, at)
        self._file.check(at + 4, count * np.dtype(dtype).itemsize)
        return np.frombuffer(self._file.content, dtype, count, at + 4)

    def _targets(self, field: int) -> Iterator[int]:
        first = self._target(field)
        if first is None:
            return
        count = self._file.number(_U32, first)
        self._file.check(first + 4, 4 * count)
        for at in range(first + 4, first + 4 + 4 * count, 4):
            yield at + self._file.number(_U32, at)

    def _target(self, field: int) -> int | None:
        """Where the offset in a field points to."""
        at = self._find(field, 4)
        return None if at is None else at + self._file.number(_U32, at)

    def _find(self, field: int, size: int) -> int | None:
        """Where a field of so many bytes lies, None where it is absent."""
        offset = self._fields[field] if field < len(self._fields) else 0
        if offset == 0:
            return None
        if offset < 4 or offset + size > self._inline:
            raise DamagedError(f"field {field} lies outside its table at byte {self._at}")
        return self._at + offset
