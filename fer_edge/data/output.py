"""What commands must not write over."""

from pathlib import Path

from device.errors import InputError


def refuse_existing(path: Path, *, force: bool, option: str = "--out") -> None:
    """Raise InputError where `path` stands already and the user did not say `--force`.

    Args:
        path: the file to write.
        force: whether an existing file may be replaced.
        option: that names the file, for the message.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; {option} wants the name of a file")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another {option}, or --force replaces it")
