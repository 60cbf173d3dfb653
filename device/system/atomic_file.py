"""Atomic writing of files."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError


def make_folder(folder: Path) -> None:
    """Create a folder with its parents.

    Raises:
        InputError: the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created ({error.strerror or error})") from error


PARTIAL = ".partial-"
"""Prefix of the names of files that are being written."""

_KEPT_OF_NAME = 40  # characters of the name that are kept


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file next to `path`, which replaces `path` when the block succeeds.

    If the block raises (also on Ctrl-C), the temporary file is removed and `path` is unchanged. The
    temporary name is random and has the suffix of `path`, since many writers choose the format by
    suffix. The file is created exclusively, so that an existing link is not followed.

    Args:
        path: file to write; missing parent folders are created.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    make_folder(path.parent)
    # Shortened, so that a name of maximum length also has a temporary name.
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}-{path.name[-_KEPT_OF_NAME:]}")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
