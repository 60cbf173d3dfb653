"""A file that grows by whole lines and survives full disks and lost power."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from device.errors import InputError
from device.sinks.base import BrokenOutput
from device.system.atomic_file import make_folder

_TAIL = 1 << 16  # bytes; the longest line that is looked for at a file's end


class AppendFile:
    """Appends whole lines, each with one system call, so that nothing waits in this process.

    A line that did not fit on the disk is taken back, so that the file never holds half a line.

    Attributes:
        is_new: whether there were no lines in it.
    """

    def __init__(self, path: Path, *, accepts: Callable[[str], bool], kind: str) -> None:
        """Open or make the file; half a line at its end, as a power cut leaves it, is cut off.

        Args:
            path: the file, pipe or device.
            accepts: says of the first line of an existing file whether such a file may grow.
            kind: what such files are called in the error.

        Raises:
            InputError: it cannot be opened, or holds something else.
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
            line: with its end of line.

        Raises:
            OSError: it could not be written, and is not in the file.
            BrokenOutput: it is a pipe that nobody reads any more.
        """
        before = os.fstat(self._file).st_size if self._regular else 0
        try:
            write_all(self._file, line)
        except OSError:
            if self._regular:
                os.ftruncate(self._file, before)
            raise

    def close(self) -> None:
        """Have the disk keep the lines, and close; InputError when it does not."""
        try:
            if self._regular:
                os.fsync(self._file)
        except OSError as error:
            raise InputError(f"{self._path}: not all is on the disk ({error.strerror})") from error
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
            raise InputError(f"{self._path} exists and holds no {kind}: give another name")
        if not tail.endswith(b"\n"):
            os.ftruncate(self._file, size - len(tail) + tail.rfind(b"\n") + 1)
        self.is_new = os.fstat(self._file).st_size == 0


def write_all(file: int, content: bytes) -> None:
    """Write to a file descriptor, however many calls it takes; BrokenOutput for a closed pipe."""
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(file, view) :]
    except BrokenPipeError as error:
        raise BrokenOutput from error
