"""How much memory this process has, as Linux counts it."""

from pathlib import Path

from device.errors import InputError

STATUS = Path("/proc/self/status")


def resident() -> int:
    """Give the resident memory of this process in bytes.

    Raises:
        InputError: this is not Linux.
    """
    return _status("VmRSS")


def peak() -> int:
    """Give the most resident memory that this process has had, in bytes.

    `getrusage` says it too, but of a program that was just started it gives what the process that
    started it had.

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
    raise InputError(f"memory is measured on Linux alone: {STATUS} does not say it")
