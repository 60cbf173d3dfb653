"""Small files of the kernel: /sys, /proc and the device tree."""

from pathlib import Path


def read_value(path: Path) -> str | None:
    """Read a file of one value.

    Returns:
        Its text without NUL, blanks and end of line; None where it is missing, unreadable or empty.
    """
    try:
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None
