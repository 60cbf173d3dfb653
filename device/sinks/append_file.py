"""A file to which lines are appended, robust against full disks and power failures."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from device.errors import InputError
from device.sinks.base import BrokenOutput
from device.system.atomic_file import make_folder

_TAIL = 1 << 16  # bytes of the longest line at the end of a file


class AppendFile:
    """Appends lines, each with one system call, so that no data is buffered in this process.

    A line that did not fit on the disk is removed, so that the file never ends in an incomplete
    line.

    Attributes:
        is_new: whether the file was empty.
    """

    def __init__(self, path: Path, *, accepts: Callable[[str], bool], kind: str) -> None:
        """Open or create the file; an incomplete last line (power failure) is removed.

        Args:
            path: file, pipe or device.
            accepts: function of the first line of an existing file; whether the file may be
                appended to.
            kind: description of such files for the error message.

        Raises:
            InputError: the file cannot be opened, or has other content.
        """
        self._path = path
        make_folder(path.parent)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._file = os.open(path, flags, 0o666)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
        self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        self.is_new = True
        if self._regular and os.fstat(self._file).st_size:
            self._check(accepts, kind)

    def write(self, line: bytes) -> None:
        """Append a line.

        Args:
            line: bytes including the end of line.

        Raises:
            OSError: the line could not be written; the file is unchanged.
            BrokenOutput: the reader of the pipe has closed it.
        """
        before = os.fstat(self._file).st_size if self._regular else 0
        try:
            write_all(self._file, line)
        except OSError:
            if self._regular:
                os.ftruncate(self._file, before)
            raise

    def close(self) -> None:
        """Sync the file to disk and close it; raises InputError if that fails."""
        try:
            if self._regular:
                os.fsync(self._file)
        except OSError as error:
            raise InputError(
                f"{self._path}: not all data is on the disk ({error.strerror})"
            ) from error
        finally:
            os.close(self._file)

    def _check(self, accepts: Callable[[str], bool], kind: str) -> None:
        with self._path.open("rb") as file:
            first = file.readline(_TAIL)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
        if not accepts(first.decode("utf-8", "replace").rstrip("\r\n")):
            os.close(self._file)
            raise InputError(f"{self._path} exists and does not contain {kind}: give another name")
        if not tail.endswith(b"\n"):
            os.ftruncate(self._file, size - len(tail) + tail.rfind(b"\n") + 1)
        self.is_new = os.fstat(self._file).st_size == 0


def write_all(file: int, content: bytes) -> None:
    """Write all bytes to a file descriptor; raises BrokenOutput for a closed pipe."""
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(file, view) :]
    except BrokenPipeError as error:
        raise BrokenOutput from error
