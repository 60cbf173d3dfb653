"""The user's folders for data and cache (XDG Base Directory Specification)."""

import os
from pathlib import Path


def data_folder() -> Path:
    """Folder for downloads: `$XDG_DATA_HOME/fer-edge`, or below ~/.local/share."""
    return _base("XDG_DATA_HOME", ".local/share") / "fer-edge"


def cache_folder() -> Path:
    """Folder for data that can be recreated: `$XDG_CACHE_HOME/fer-edge`, or below ~/.cache."""
    return _base("XDG_CACHE_HOME", ".cache") / "fer-edge"


def _base(variable: str, below_home: str) -> Path:
    root = Path(os.environ.get(variable, ""))
    # According to the specification relative paths are ignored.
    if root.is_absolute():
        return root
    # Unlike Path.home(), this does not raise for a user without a home folder.
    return Path(os.path.expanduser("~")) / below_home  # noqa: PTH111
