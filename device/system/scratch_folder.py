"""A folder for the temporary files of a process, removed by the next one if that is killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PREFIX = "fer-edge-tmp-"
"""Prefix of the names of such folders."""


@contextmanager
def scratch() -> Iterator[None]:
    """Store temporary files of this process in a folder of its own within the block.

    TensorFlow, for example, writes a temporary file for each traced function and removes it only
    at exit. The folder is removed at the end of the block. The kernel releases the lock on it when
    the process ends for any reason, and the next such block removes all folders without a lock.

    If the folder cannot be created, as on a full disk, the block runs without it: most commands
    need no temporary files, and the others fail with the path that they cannot write.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(_own_folder(shared_folder()))
        yield


def shared_folder() -> Path:
    """Return the folder for temporary files that all processes share, also within the block.

    Raises:
        OSError: there is no folder for temporary files.
    """
    folder = Path(tempfile.gettempdir())
    while folder.name.startswith(PREFIX):
        folder = folder.parent
    return folder


@contextmanager
def _own_folder(shared: Path) -> Iterator[None]:
    _remove_abandoned(shared)
    folder, lock = _create(shared)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _create(shared: Path) -> tuple[Path, int]:
    """Create a folder and lock it; again if another process removed it before it was locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=shared))
        try:
            lock = _open(folder)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            os.close(lock)
            folder.rmdir()
            raise
        if folder.exists():
            return folder, lock
        os.close(lock)


def _remove_abandoned(shared: Path) -> None:
    for folder in shared.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, a link, or just removed by its process
            lock = _open(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
