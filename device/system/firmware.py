"""What a Raspberry Pi's firmware says of power and heat."""

import shutil
import subprocess
from pathlib import Path

from device.system.kernel_file import read_value

THROTTLED = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft heat limit"}
"""Of `get_throttled`: bit, and what it says now; 16 bits further the same since boot."""

SINCE_BOOT = 16

_THROTTLED_FILES = ("soc/soc:firmware", "soc@*/*firmware*", "*firmware*")
_ROOT = Path("/")
_TIMEOUT = 5  # seconds


def get_throttled(root: Path = _ROOT) -> str | None:
    """Ask for the flags.

    Args:
        root: of the file system.

    Returns:
        A hexadecimal number, also as `throttled=0x0`; None where nothing answers.
    """
    platform = root / "sys/devices/platform"
    for pattern in _THROTTLED_FILES:
        for file in platform.glob(f"{pattern}/get_throttled"):
            return read_value(file)
    return vcgencmd("get_throttled")


def bits(text: str) -> int:
    """Read the answer of `get_throttled`.

    Raises:
        ValueError: it is none.
    """
    return int(text.rpartition("=")[2], 16)


def flags(number: int, shift: int = 0) -> list[str]:
    """Name the flags that are set: now, or since boot by `shift=SINCE_BOOT`."""
    return [name for bit, name in THROTTLED.items() if number >> bit + shift & 1]


def vcgencmd(question: str) -> str | None:
    """Ask by the firmware's program; None where there is none or it does not answer."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run([program, question], capture_output=True, text=True, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
