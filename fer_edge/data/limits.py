"""Bounds on what is read from files that others made, so that no input fills the memory."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from device.errors import InputError

MAX_RATIO = 100
"""Bytes that a packed byte may unpack to. Tables of pixels reach 4, pictures 2."""

ALWAYS_ALLOWED = 64 << 20
"""Unpacked bytes below which no ratio is looked at."""

MAX_PICTURE = 64 << 20
"""Bytes of one picture's file."""

MAX_LINE = 1 << 20
"""Bytes of one line of a table; 2304 pixels take 12 kB at most."""

DAMAGED = (
    OSError, EOFError, ValueError, OverflowError, IndexError, RuntimeError, NotImplementedError,
    struct.error, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What Python's archive readers raise for damaged, cut and encrypted archives."""


def unpacked_bound(packed: int) -> int:
    """Most bytes that `packed` bytes may unpack to."""
    return max(ALWAYS_ALLOWED, packed * MAX_RATIO)


def check_archive(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse a zip that declares more than its packed size can plausibly hold.

    Raises:
        InputError: it declares more.
    """
    declared = sum(member.file_size for member in members)
    if declared > (bound := unpacked_bound(path.stat().st_size)):
        raise InputError(f"{path}: {_too_much(declared, bound)}")


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class BoundedReader(io.RawIOBase):
    """A raw stream that ends with InputError where its source is damaged or goes past a bound.

    Args:
        stream: the source.
        label: what the error calls it.
        bound: most bytes that may come out of it; None for no bound.
    """

    def __init__(self, stream: _Readable, label: str, bound: int | None) -> None:
        self._stream = stream
        self._label = label
        self._bound = bound
        self._count = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read up to the buffer's length.

        Raises:
            InputError: the source is damaged, or holds more than the bound.
        """
        try:
            content = self._stream.read(len(buffer))
        except DAMAGED as error:
            raise InputError(f"{self._label}: cannot be read ({error or 'damaged'})") from error
        self._count += len(content)
        if self._bound is not None and self._count > self._bound:
            raise InputError(f"{self._label}: {_too_much(self._count, self._bound)}")
        buffer[: len(content)] = content
        return len(content)


def _too_much(size: int, bound: int) -> str:
    return (
        f"unpacks to {size / 1e6:,.0f} MB or more, above the bound of {bound / 1e6:,.0f} MB "
        f"({MAX_RATIO} times its packed size): unpack it by hand if it is meant to"
    )
