"""Describe the machine that a measurement was made on."""

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from benchmarks.machine.preemptions import preemptions
from device.system import firmware, processor
from device.system.kernel_file import read_value
from device.system.temperature import celsius

if TYPE_CHECKING:
    from benchmarks.results.types import Machine, MachineState, Throttled

BOARD = Path("/proc/device-tree/model")
CPU_INFO = Path("/proc/cpuinfo")
CORES = Path("/sys/devices/system/cpu")
GOVERNOR = CORES / "cpu0/cpufreq/scaling_governor"


def facts() -> dict[str, Any]:
    """Collect the identification of the machine and its software; None for unavailable values."""
    found = processor.read(CPU_INFO)
    return {
        "cpu": cpu_model(),
        "board": read_value(BOARD),
        "architecture": platform.machine(),
        "instruction_sets": None
        if found.instruction_sets is None
        else list(found.instruction_sets),
        "microarchitecture": found.microarchitecture,
        "core_class": found.core_class,
        "cores": os.cpu_count(),
        "cores_allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "governor": read_value(GOVERNOR),
        "os": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def describe() -> "Machine":
    """Return the `machine` block of `results.json` with the state before a session."""
    found = facts() | {"host": None, "before": state(), "after": None, "marks": []}
    return cast("Machine", found)


def state() -> "MachineState":
    """Read values that may change during a session; None for unavailable ones.

    Returns:
        A state of the machine in `results.json`.
    """
    return {
        "load": load(),
        "clock_mhz": clocks(),
        "governor": read_value(GOVERNOR),
        "temperature_c": celsius(),
        "throttled": throttled(),
        "context_switches_involuntary": preemptions(),
    }


def load() -> list[float] | None:
    """Read the load averages of the last 1, 5 and 15 minutes; None if the system has none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def clocks() -> list[float] | None:
    """Read the clock of each core in MHz.

    Returns:
        The frequencies set by the governor, or those of /proc/cpuinfo; None if neither is
        available.
    """
    files = sorted(
        CORES.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"),
        key=lambda file: int(file.parts[-3].removeprefix("cpu")),
    )
    values = [_number(read_value(file), 1e-3) for file in files]
    if not values:
        values = [_number(value) for name, value in _cpu_info() if name == "cpu MHz"]
    known = [value for value in values if value is not None]
    return known or None


def throttled() -> "Throttled | None":
    """Read the throttle flags of a Raspberry Pi: current ones and those "since boot"."""
    text = firmware.get_throttled()
    try:
        raw = None if text is None else firmware.bits(text)
    except ValueError:
        return None
    if raw is None:
        return None
    past = (f"{flag} since boot" for flag in firmware.flags(raw, firmware.SINCE_BOOT))
    return {"raw": raw, "flags": [*firmware.flags(raw), *past]}


def cpu_model() -> str | None:
    """Read the name of the processor, which some Arm kernels give in /proc/cpuinfo."""
    known = {name: value for name, value in reversed(_cpu_info()) if value}
    for key in ("model name", "Model", "Hardware"):
        if key in known:
            return known[key]
    return platform.processor() or None


def _cpu_info() -> list[tuple[str, str]]:
    lines = (read_value(CPU_INFO) or "").splitlines()
    return [
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    ]


def _number(text: str | None, unit: float = 1.0) -> float | None:
    try:
        return None if text is None else round(float(text) * unit, 1)
    except ValueError:
        return None
