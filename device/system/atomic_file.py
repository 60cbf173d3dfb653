"""Files that appear whole or not at all."""

import os
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path`; it takes the place of `path` when the block ends well.

    When the block raises (Ctrl-C too), the temporary file is removed and `path` stays as it was.
    The temporary name ends as `path` does, since many writers choose the format by the ending.

    Args:
        path: the file to write; missing parent folders are made.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    make_folder(path.parent)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
