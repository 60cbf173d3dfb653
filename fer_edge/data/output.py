"""What commands must not write over."""

from pathlib import Path

from device.errors import InputError


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise InputError where `path` stands already and the user did not say `--force`."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; --out wants the name of a file")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another --out, or --force replaces it")
