"""Bounds on the size of untrusted input, so that no file exhausts the memory."""

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
"""Maximum compression ratio. Tables of pixels reach 4, images 2."""

ALWAYS_ALLOWED = 64 << 20
"""Unpacked size in bytes below which the ratio is not checked."""

MAX_PICTURE = 64 << 20
"""Maximum size of an image file in bytes."""

MAX_LINE = 1 << 20
"""Maximum length of a line of a table in bytes; 2304 pixels take at most 12 kB."""

DAMAGED = (
    OSError, EOFError, ValueError, OverflowError, IndexError, RuntimeError, NotImplementedError,
    struct.error, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""Exceptions of Python's archive readers for damaged, truncated and encrypted archives."""


def unpacked_bound(packed: int) -> int:
    """Maximum number of bytes that `packed` bytes may unpack to."""
    return max(ALWAYS_ALLOWED, packed * MAX_RATIO)


def check_archive(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Reject a zip whose declared unpacked size exceeds the bound for its packed size.

    Raises:
        InputError: the declared size exceeds the bound.
    """
    declared = sum(member.file_size for member in members)
    if declared > (bound := unpacked_bound(path.stat().st_size)):
        raise InputError(f"{path}: {_too_much(declared, bound)}")


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class BoundedReader(io.RawIOBase):
    """A raw stream that raises InputError if its source is damaged or exceeds a bound.

    Args:
        stream: source stream.
        label: file name for error messages.
        bound: maximum number of bytes to read; None for no bound.
    """

    def __init__(self, stream: _Readable, label: str, bound: int | None) -> None:
        self._stream = stream
        self._label = label
        self._bound = bound
        self._count = 0

    def readable(self) -> bool:
        """True: the stream is readable."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read up to the buffer's length.

        Raises:
            InputError: the source is damaged, or larger than the bound.
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
