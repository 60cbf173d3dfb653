"""Reads whole files: only regular files up to a maximum size, with one-line errors."""

import os
import stat
from pathlib import Path

from device.errors import InputError


def read_file(path: Path, kind: str, *, limit: int, head: int = 0) -> bytes:
    """Read a regular file.

    A FIFO or a terminal would block and a device such as /dev/zero never ends; these are refused.

    Args:
        path: path of the file.
        kind: kind of file for the messages, such as "model file".
        limit: maximum size in bytes.
        head: number of bytes to read; 0 for the whole file.

    Returns:
        The content, or its first bytes.

    Raises:
        InputError: the file is missing, a folder, not a regular file, too large or unreadable.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise InputError(f"{path} is a folder: give the {kind} in it")
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path} is not a regular file: copy the {kind} to a disk first")
            if status.st_size > limit:
                raise InputError(
                    f"{path} has {status.st_size:,} bytes: the limit for a {kind} is {limit:,}"
                )
            return file.read(head or limit)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such {kind}") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder: give the {kind} in it") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)[:200]} cannot be read: {reason}") from error
