"""Under-voltage and throttling, as reported by a Raspberry Pi's firmware."""

import shutil
import subprocess
from pathlib import Path

from device.system.kernel_file import read_value

THROTTLED = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft heat limit"}
"""Bits of `get_throttled` for the current state; shifted by 16 bits for the time since boot."""

SINCE_BOOT = 16

_THROTTLED_FILES = ("soc/soc:firmware", "soc@*/*firmware*", "*firmware*")
_ROOT = Path("/")
_TIMEOUT = 5  # seconds


def get_throttled(root: Path = _ROOT) -> str | None:
    """Read the flags.

    Args:
        root: root of the file system.

    Returns:
        A hexadecimal number, possibly as `throttled=0x0`; None if the firmware does not report it.
    """
    platform = root / "sys/devices/platform"
    for pattern in _THROTTLED_FILES:
        for file in platform.glob(f"{pattern}/get_throttled"):
            return read_value(file)
    return vcgencmd("get_throttled")


def bits(text: str) -> int:
    """Parse the output of `get_throttled`.

    Raises:
        ValueError: the text is not such an output.
    """
    return int(text.rpartition("=")[2], 16)


def flags(number: int, shift: int = 0) -> list[str]:
    """Names of the set flags: current ones, or with `shift=SINCE_BOOT` those since boot."""
    return [name for bit, name in THROTTLED.items() if number >> bit + shift & 1]


def vcgencmd(question: str) -> str | None:
    """Run a query with the firmware's program; None if it is missing or does not respond."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run([program, question], capture_output=True, text=True, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
