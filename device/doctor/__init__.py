"""Checks what the runner needs on a machine, with a fix for each problem."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from device.doctor import hardware, software
from device.doctor.finding import Finding as Finding
from device.doctor.finding import Status as Status

Check = Callable[[], Finding]


def examine(
    *,
    model: Path | None = None,
    detector_model: Path | None = None,
    digests: Path | None = None,
    root: Path = Path("/"),
) -> Iterator[Finding]:
    """Check the machine and yield the findings.

    Compiled libraries, which may crash, are checked in a separate process: a broken installation is
    reported as a finding and does not stop the checks.

    Args:
        model: model file to load and run, to check XNNPACK; None to skip it.
        detector_model: YuNet model file to check instead of the downloaded one.
        digests: list of the models' digests in the format of `sha256sum`; None to skip it.
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
    if digests is not None:
        checks["digests"] = partial(software.digests, digests)
    for name, check in checks.items():
        try:
            yield check().named(name)
        except OSError as error:  # a sensor that exists but cannot be read
            fix = "run fer-edge doctor again, with sudo if it still fails"
            yield Finding(Status.warning, f"cannot be checked: {error}", fix, name)
