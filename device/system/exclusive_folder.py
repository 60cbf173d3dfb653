"""Exclusive use of a folder that a command writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import PARTIAL, make_folder

LOCK = "run.lock"
"""Default name of the lock file in the folder; it stays there."""


@contextmanager
def exclusive(folder: Path, lock: str = LOCK) -> Iterator[None]:
    """Keep other runs out of a folder within the block.

    The kernel releases the lock when the process ends for any reason. Partial files of killed
    processes are removed at the start and at the end: only processes of this run may write to the
    folder while the lock is held, and they must have ended by the end of the block.

    Args:
        folder: folder of the run; created if missing.
        lock: name of the lock file.

    Raises:
        InputError: another process holds the lock, or the folder cannot be written.
    """
    import fcntl

    make_folder(folder)
    try:
        handle = (folder / lock).open("a+")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read(20).strip() or "unknown"
            raise InputError(
                f"{folder} is in use by another fer-edge (process {holder}): wait until it ends, "
                "or choose another --out"
            ) from None
        except OSError:  # a file system without locks
            yield
            return
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        _remove_partial_files(folder)
        try:
            yield
        finally:
            _remove_partial_files(folder)


def _remove_partial_files(folder: Path) -> None:
    for partial in folder.rglob(f"{PARTIAL}*"):
        if not partial.is_dir():
            partial.unlink(missing_ok=True)
