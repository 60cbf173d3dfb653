"""Exclusive use of a run's folder, and a scratch folder inside it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import PARTIAL, make_folder

LOCK = "run.lock"
SCRATCH = "tmp"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder within the block.

    The kernel releases the lock when the process ends, however it ends. Files that a killed run was
    writing are removed: under the lock no process writes them any more.

    Args:
        folder: folder of the run; it is made if missing.

    Raises:
        InputError: another process holds the lock, or the folder cannot be written.
    """
    import fcntl

    make_folder(folder)
    try:
        handle = (folder / LOCK).open("a+")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read(20).strip() or "unknown"
            raise InputError(
                f"{folder} is in use by another fer-edge (process {holder}): wait for its end, or "
                "choose another --out"
            ) from None
        except OSError:  # a file system without locks
            yield
            return
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        for partial in folder.rglob(f"{PARTIAL}*"):
            partial.unlink(missing_ok=True)
        yield


@contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Let temporary files of this process go to `folder/tmp` within the block.

    TensorFlow writes a temporary file for each traced function and removes it at exit. What a
    killed run left there, the next one removes.

    Args:
        folder: folder of the run, in exclusive use.
    """
    path, before = folder / SCRATCH, tempfile.tempdir
    shutil.rmtree(path, ignore_errors=True)
    make_folder(path)
    tempfile.tempdir = str(path.absolute())
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(path, ignore_errors=True)
