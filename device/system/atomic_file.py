"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError


def make_folder(folder: Path) -> None:
    """Make a folder to write to, with those above it.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror or error})") from error


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
    # Cut, so that a name of the longest permitted length still has a temporary name.
    partial = path.with_name(f".partial-{secrets.token_hex(8)}-{path.name[-_KEPT_OF_NAME:]}")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
