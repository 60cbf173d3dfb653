"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError


def make_folder(folder: Path) -> None:
    """Create a folder with its parents.

    Raises:
        InputError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror or error})") from error


PARTIAL = ".partial-"
"""Beginning of the names of files that are being written."""

_KEPT_OF_NAME = 40  # characters


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path`, which replaces `path` when the block succeeds.

    When the block raises (also by Ctrl-C), the temporary file is removed and `path` is unchanged.
    The temporary file's name is random and ends as `path` does, since many writers choose the
    format by the ending. The file is created exclusively: a link planted there is not followed.

    Args:
        path: file to write; missing parent folders are created.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    make_folder(path.parent)
    # Shortened, so that a name of the maximum length has a temporary name, too.
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}-{path.name[-_KEPT_OF_NAME:]}")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
