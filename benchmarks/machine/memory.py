"""Memory of this process, as Linux reports it."""

from pathlib import Path

from device.errors import InputError

STATUS = Path("/proc/self/status")


def resident() -> int:
    """Read the resident memory of this process in bytes.

    Raises:
        InputError: this is not Linux.
    """
    return _status("VmRSS")


def peak() -> int:
    """Read the peak resident memory of this process in bytes.

    Not from `getrusage`: its value includes the peak of the parent process before the program was
    started.

    Raises:
        InputError: this is not Linux.
    """
    return _status("VmHWM")


def _status(field: str) -> int:
    lines = STATUS.read_text().splitlines() if STATUS.is_file() else []
    for line in lines:
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise InputError(f"memory is only measured on Linux: {STATUS} is not available")
