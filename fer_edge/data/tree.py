"""One view of a folder, a zip archive and a single file, so that a reader need not know which."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from device.errors import InputError

READ_BUFFER = 1 << 20


class Tree:
    """The files of a source by their relative paths with forward slashes, sorted.

    Hidden files and macOS's `__MACOSX` are not shown. A zip is read where it lies, never unpacked.

    Args:
        source: a folder, a `.zip`, or one file.

    Raises:
        InputError: there is no such source.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._zip: zipfile.ZipFile | None = None
        try:
            if source.is_dir():
                files = (path for path in source.rglob("*") if path.is_file())
                names = [path.relative_to(source).as_posix() for path in files]
            elif zipfile.is_zipfile(source):
                self._zip = zipfile.ZipFile(source)
                names = [info.filename for info in self._zip.infolist() if not info.is_dir()]
            else:
                source.open("rb").close()
                names = [source.name]
        except FileNotFoundError:
            raise InputError(f"{source}: no such file or folder") from None
        except (OSError, zipfile.BadZipFile) as error:
            raise InputError(f"{source}: cannot be read ({error})") from error
        self.names = sorted(name for name in names if not _hidden(name))

    def size(self, name: str) -> int:
        """Bytes of a file, unpacked."""
        if self._zip is not None:
            return self._zip.getinfo(name).file_size
        return self._path(name).stat().st_size

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file as a buffered binary stream.

        Raises:
            InputError: it cannot be read, or what the zip holds of it is damaged.
        """
        try:
            if self._zip is not None:
                with self._zip.open(name) as member:
                    yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, member), READ_BUFFER))
            else:
                with self._path(name).open("rb", buffering=READ_BUFFER) as handle:
                    yield handle
        except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise InputError(f"{self.label(name)}: cannot be read ({error})") from error

    def read(self, name: str) -> bytes:
        """The whole content of a file; raises InputError as `open` does."""
        with self.open(name) as stream:
            return stream.read()

    def label(self, name: str) -> str:
        """What an error calls a file."""
        return name if name == self.source.name else f"{self.source.name}/{name}"

    def _path(self, name: str) -> Path:
        return self.source / name if self.source.is_dir() else self.source


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
