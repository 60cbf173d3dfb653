"""Small kernel files: /sys, /proc and the device tree."""

from pathlib import Path


def read_value(path: Path) -> str | None:
    """Read a file with a single value.

    Returns:
        The text without NUL, blanks and end of line; None if it is missing, unreadable or empty.
    """
    try:
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None
