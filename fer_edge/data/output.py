"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path`; it takes the place of `path` when the block ends well.

    When the block raises (Ctrl-C too), the temporary file is removed and `path` stays as it was.

    Args:
        path: the file to write; missing parent folders are made.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise InputError where `path` stands already and the user did not say `--force`."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; --out wants the name of a file")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another --out, or --force replaces it")
