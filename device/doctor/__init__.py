"""Looks at everything that the runner needs on a machine, and says what to do where it lacks."""

from collections.abc import Callable, Iterator
from pathlib import Path

from device.doctor import hardware, software
from device.doctor.finding import Finding as Finding
from device.doctor.finding import Status as Status

Check = Callable[[], Finding]


def examine(
    *, model: Path | None = None, detector_model: Path | None = None, root: Path = Path("/")
) -> Iterator[Finding]:
    """Check the machine, one finding after the other.

    What may crash (compiled libraries) is tried in a process of its own: a broken installation is
    a finding, not the end of the doctor.

    Args:
        model: a model file to load and to run, for the line on XNNPACK.
        detector_model: a file of YuNet to check instead of the fetched one.
        root: folder under which /sys, /proc and /dev are looked for.
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
        except OSError as error:  # a sensor that is there and cannot be read
            fix = "run fer-edge doctor again, with sudo if it still fails"
            yield Finding(Status.warning, f"cannot be checked: {error}", fix, name)
