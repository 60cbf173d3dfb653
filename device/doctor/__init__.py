"""Checks what the runner needs on a machine, with a fix for each problem."""

from collections.abc import Callable, Iterator
from pathlib import Path

from device.doctor import hardware, software
from device.doctor.finding import Finding as Finding
from device.doctor.finding import Status as Status

Check = Callable[[], Finding]


def examine(
    *, model: Path | None = None, detector_model: Path | None = None, root: Path = Path("/")
) -> Iterator[Finding]:
    """Check the machine and yield the findings.

    Compiled libraries, which may crash, are tried in a separate process: a broken installation is a
    finding and does not end the checks.

    Args:
        model: model file to load and run, to check XNNPACK; None to skip it.
        detector_model: file of YuNet to check instead of the downloaded one.
        root: folder that contains sys, proc and dev.
    """
    checks: dict[str, Check] = {
        "python": software.python,
        "numpy": software.numpy,
        "runtime": software.runtime,
        "model": lambda: software.model(model),
        "opencv": software.opencv,
        "haar": software.haar,
        "yunet": lambda: software.yunet(detector_model),
        "cameras": lambda: hardware.cameras(root),
        "throttling": lambda: hardware.throttling(root),
        "temperature": lambda: hardware.temperature(root),
        "memory": lambda: hardware.memory(root),
        "processor": lambda: hardware.processor(root),
    }
    for name, check in checks.items():
        try:
            yield check().named(name)
        except OSError as error:  # a sensor that exists and cannot be read
            fix = "run fer-edge doctor again, with sudo if it still fails"
            yield Finding(Status.warning, f"cannot be checked: {error}", fix, name)
