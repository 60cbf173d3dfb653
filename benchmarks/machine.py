"""The machine that a measurement was made on: without it a latency means nothing."""

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

BOARD = Path("/proc/device-tree/model")
CPU_INFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def facts() -> dict[str, Any]:
    """Collect what identifies the machine and its software; None where the system does not say."""
    return {
        "cpu": cpu_model(),
        "board": _read(BOARD),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "cores_allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "governor": _read(GOVERNOR),
        "os": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def load() -> list[float] | None:
    """Read the load averages of the last 1, 5 and 15 minutes; None where there are none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def cpu_model() -> str | None:
    """Read the processor's name: Linux says it in /proc/cpuinfo, a Pi only on some kernels."""
    lines = (_read(CPU_INFO) or "").splitlines()
    for key in ("model name", "Model", "Hardware"):
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == key and value.strip():
                return value.strip()
    return platform.processor() or None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0\n ") or None
    except OSError:
        return None
