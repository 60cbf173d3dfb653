"""A uniform view of a folder, an archive or a single file."""

import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from device.errors import InputError
from fer_edge.data import limits

READ_BUFFER = 1 << 20

NOT_SHOWN = {"__macosx", "@eadir", "#recycle", "$recycle.bin", "thumbs.db", "desktop.ini"}
"""Files that macOS, Synology and Windows add to image folders, in lower case."""

_PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
"""Functions that open single packed files."""


class Tree:
    """The files of a source, by relative paths with forward slashes, sorted.

    Hidden files and those in NOT_SHOWN are left out; symbolic links are followed. Archives are read
    in place; a packed tar is unpacked to one anonymous temporary file.

    Args:
        source: a folder, a `.zip`, a `.tar` (also `.tar.gz` and the like), one file, or one packed
            file (`.csv.gz`).

    Raises:
        InputError: the source does not exist, is damaged or not a regular file, or unpacks to more
            than its size allows.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._files: dict[str, tuple[Callable[[], BinaryIO], int]] = {}
        self._bound: int | None = None
        try:
            self._list()
        except FileNotFoundError:
            raise InputError(f"{source}: no such file or folder") from None
        except limits.DAMAGED as error:
            raise InputError(f"{source}: cannot be read ({error or 'damaged'})") from error
        self.names = sorted(self._files)

    def size(self, name: str) -> int:
        """Unpacked size of a file in bytes; an estimate for single packed files."""
        return self._files[name][1]

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file as a buffered binary stream; reading raises InputError if it is damaged.

        Raises:
            InputError: the file cannot be opened, or is not a regular file.
        """
        label = self.label(name)
        try:
            stream = self._files[name][0]()
        except limits.DAMAGED as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{label}: cannot be read ({reason or 'damaged'})") from error
        with stream:
            reader = limits.BoundedReader(stream, label, self._bound)
            yield cast(BinaryIO, io.BufferedReader(reader, READ_BUFFER))

    def read(self, name: str, limit: int = limits.MAX_PICTURE) -> bytes:
        """Read the whole content of a file.

        Raises:
            InputError: the file cannot be read, or has more than `limit` bytes.
        """
        with self.open(name) as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise InputError(f"{self.label(name)}: has more than the {limit >> 20} MiB allowed")
        return content

    def label(self, name: str) -> str:
        """Name of a file for error messages."""
        return name if name == self.source.name else f"{self.source.name}/{name}"

    def _list(self) -> None:
        if self.source.is_dir():
            self._list_folder()
            return
        _require_regular(self.source)
        if zipfile.is_zipfile(self.source):
            self._list_zip()
        elif self.source.suffix.lower() not in (".csv", ".npz") and tarfile.is_tarfile(self.source):
            self._list_tar()
        else:
            self._list_file()

    def _add(self, name: str, opener: Callable[[], BinaryIO], size: int) -> None:
        parts = [part for part in PurePosixPath(name).parts if part != "/"]
        if any(part.startswith(".") or part.lower() in NOT_SHOWN for part in parts):
            return
        name = "/".join(parts)
        if name in self._files:
            raise InputError(f"{self.source}: holds two files that are called {name}")
        self._files[name] = (opener, size)

    def _list_folder(self) -> None:
        for path in _walk(self.source):
            name = _text(os.fsencode(path.relative_to(self.source).as_posix()))
            size = path.stat().st_size if path.exists() else 0
            self._add(name, partial(_open_regular, path), size)

    def _list_file(self) -> None:
        packed = _PACKED.get(self.source.suffix.lower())
        size = self.source.stat().st_size
        if packed is None:
            self._add(self.source.name, partial(_open_regular, self.source), size)
            return
        self._bound = limits.unpacked_bound(size)
        opener = cast(Callable[[], BinaryIO], partial(packed, self.source, "rb"))
        self._add(self.source.stem, opener, 3 * size)

    def _list_zip(self) -> None:
        archive = zipfile.ZipFile(self.source)
        members = [member for member in archive.infolist() if not member.is_dir()]
        limits.check_archive(self.source, members)
        self._bound = limits.unpacked_bound(self.source.stat().st_size)
        for member in members:
            name = _zip_name(member)
            if not name.endswith("/"):
                opener = cast(Callable[[], BinaryIO], partial(archive.open, member))
                self._add(name, opener, member.file_size)

    def _list_tar(self) -> None:
        self._bound = limits.unpacked_bound(self.source.stat().st_size)
        archive = tarfile.open(fileobj=_plain_tar(self.source, self._bound))  # noqa: SIM115
        for member in archive:
            if member.isfile() or member.islnk():
                name = _text(member.name.encode("utf-8", "surrogateescape"))
                opener = cast(Callable[[], BinaryIO], partial(archive.extractfile, member))
                self._add(name, opener, member.size)


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder; links to folders are followed, except to a parent folder."""

    def failed(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error

    for root, folders, files in os.walk(folder, onerror=failed, followlinks=True):
        here = Path(root).resolve()
        above = {here, *here.parents}
        folders[:] = [name for name in folders if Path(root, name).resolve() not in above]
        yield from (Path(root, name) for name in files)


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file of a folder; reading a pipe or device could block or never end."""
    _require_regular(path)
    return path.open("rb", buffering=0)


def _require_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError(
            f"{path}: is a pipe or a device, not a regular file: write its content to a file first"
        )


def _plain_tar(path: Path, bound: int) -> BinaryIO:
    """Unpack a tar, so that its members can be read in any order."""
    with path.open("rb") as handle:
        start = handle.read(6)
    packings = ((b"\x1f\x8b", gzip.open), (b"\xfd7zXZ\0", lzma.open), (b"BZh", _open_bz2))
    packed = next((opener for magic, opener in packings if start.startswith(magic)), None)
    if packed is None:
        return path.open("rb")
    plain = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
    with packed(path, "rb") as stream:
        reader = limits.BoundedReader(cast(BinaryIO, stream), str(path), bound)
        while content := reader.read(READ_BUFFER):
            plain.write(content)
    plain.seek(0)
    return plain


def _open_bz2(path: Path, mode: str) -> BinaryIO:
    import bz2

    return cast(BinaryIO, bz2.open(path, mode))


def _zip_name(member: zipfile.ZipInfo) -> str:
    """Name of a zip member, with undeclared UTF-8 and backslashes corrected."""
    name = member.orig_filename.split("\0")[0]
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = member.filename
    return name if "/" in name else name.replace("\\", "/")


def _text(name: bytes) -> str:
    """Decode a file name: UTF-8, else Latin-1."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")
