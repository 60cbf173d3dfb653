"""Protects existing files from being overwritten by commands."""

from pathlib import Path

from device.errors import InputError


def refuse_existing(path: Path, *, force: bool, option: str = "--out") -> None:
    """Raise InputError if `path` exists and may not be replaced.

    Args:
        path: file to write.
        force: whether an existing file may be replaced (`--force`).
        option: option that names the file, for the message.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; {option} needs the name of a file")
    if path.exists() and not force:
        raise InputError(
            f"{path}: exists already; choose another {option}, or replace it with --force"
        )


def refuse_existing_folder(path: Path, *, force: bool, option: str = "--out") -> None:
    """Raise InputError if `path` exists and may not be replaced.

    Args:
        path: folder to make.
        force: whether what is there may be replaced.
        option: option that names the folder, for the message.
    """
    if path.exists() and not force:
        raise InputError(
            f"{path}: exists already; choose another {option}, or replace a folder of the same "
            "kind with --force"
        )
