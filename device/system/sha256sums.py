"""Lists of SHA-256 digests that `sha256sum --check` reads."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing
from device.system.read_file import read_file

NAME = "SHA256SUMS"
"""Usual name of a list; its entries are relative to its folder."""

_ENTRY = re.compile(r"^([0-9a-f]{64}) [ *](.+)$")
_LIMIT = 1 << 20  # bytes of a list


def sha256(path: Path) -> str:
    """SHA-256 digest of a file, in hexadecimal.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def write(path: Path, files: Iterable[Path]) -> None:
    """Write a list.

    Args:
        path: list to write; an existing one is replaced.
        files: files in the list's folder or below it.

    Raises:
        InputError: a file cannot be read, or the list cannot be written.
    """
    names = sorted(file.relative_to(path.parent).as_posix() for file in files)
    lines = [f"{sha256(path.parent / name)}  {name}\n" for name in names]
    with replacing(path) as partial:
        partial.write_text("".join(lines), encoding="utf-8")


def read(path: Path) -> dict[str, str]:
    """Read a list as digests by name; like `sha256sum`, lines in another format are ignored.

    Raises:
        InputError: the list cannot be read.
    """
    text = read_file(path, "list of digests", limit=_LIMIT).decode("utf-8", "replace")
    entries = (_ENTRY.match(line) for line in text.splitlines())
    return {entry[2]: entry[1] for entry in entries if entry}


def differing(path: Path) -> tuple[list[str], int]:
    """Check the listed files that exist.

    Returns:
        The names of files that differ from their digest, and the number of existing files.

    Raises:
        InputError: the list or a file cannot be read.
    """
    # os.path.isfile: a name that no file can have, such as one too long, is a missing file.
    present = {n: listed for n, listed in read(path).items() if os.path.isfile(path.parent / n)}  # noqa: PTH113
    changed = [name for name, listed in present.items() if sha256(path.parent / name) != listed]
    return changed, len(present)


def find(file: Path) -> tuple[Path, str] | None:
    """Find the digest of a file in a list in its folder or in the folder above.

    Returns:
        The list and the digest; None if no list names the file.

    Raises:
        InputError: a list cannot be read.
    """
    file = file.absolute()
    for folder in file.parents[:2]:
        path = folder / NAME
        if path.is_file() and (listed := read(path).get(file.relative_to(folder).as_posix())):
            return path, listed
    return None
