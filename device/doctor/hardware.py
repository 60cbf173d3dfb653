"""Checks of cameras, power, temperature and memory, from the files of Linux."""

import importlib.util
import os
from pathlib import Path

from device.doctor.finding import Finding, ok, problem, warning
from device.system import firmware
from device.system import processor as processors
from device.system.kernel_file import read_value
from device.system.temperature import celsius

_HOT, _TOO_HOT = 70.0, 80.0  # degrees Celsius; a Raspberry Pi throttles from 80
_TIGHT, _TOO_TIGHT = 300, 150  # megabytes; the runner needs up to 150
_POWER, _HEAT = "use the official power supply and a short cable", "add a heat sink or a fan"
# Video devices of a Raspberry Pi that are not cameras, and those of its camera module.
_NO_CAMERAS = ("bcm2835-codec", "bcm2835-isp", "pispbe", "rpi-hevc-dec", "rpivid")
_MODULES = ("unicam", "rp1-cfe")


def cameras(root: Path) -> Finding:
    """List the Video4Linux cameras and check whether this user may open them."""
    found, forbidden, missing, module = [], [], [], False
    entries = (root / "sys/class/video4linux").glob("video*")
    for entry in sorted(entries, key=lambda entry: (len(entry.name), entry.name)):
        name = read_value(entry / "name") or "unknown"
        if name.startswith(_MODULES):
            module = True
        # Additional devices of a camera carry its metadata.
        if (
            name.startswith((*_MODULES, *_NO_CAMERAS))
            or (read_value(entry / "index") or "0") != "0"
        ):
            continue
        device = root / "dev" / entry.name
        line = f"/dev/{entry.name} ({name})"
        if not device.exists():
            missing.append(line)
        elif not os.access(device, os.R_OK | os.W_OK):
            forbidden.append(line)
        else:
            found.append(line)
    if module and importlib.util.find_spec("picamera2") is None:
        return warning(
            "a Raspberry Pi camera module without picamera2",
            "sudo apt install python3-picamera2, in a venv made with --system-site-packages",
        )
    if forbidden:
        return problem(
            f"{', '.join(forbidden)}: not permitted",
            "sudo usermod -aG video $USER, then log in again",
        )
    if module:
        found.append("picamera")
    if found:
        return ok(", ".join(found))
    if missing:
        return warning(
            f"{', '.join(missing)}: not in /dev", "give the container the device (--device)"
        )
    return warning("no camera", "connect one; images, videos and streams work without")


def throttling(root: Path) -> Finding:
    """Check whether a Raspberry Pi was throttled for under-voltage or heat."""
    text = firmware.get_throttled(root)
    if text is None:
        if "Raspberry Pi" not in (read_value(root / "proc/device-tree/model") or ""):
            return ok("not reported: not a Raspberry Pi")
        return warning("the firmware does not respond", "sudo usermod -aG video $USER (vcgencmd)")
    try:
        bits = firmware.bits(text)
    except ValueError:
        return warning(f"the firmware reports {text!r}", "update Raspberry Pi OS")
    now, before = firmware.flags(bits), firmware.flags(bits, firmware.SINCE_BOOT)
    ever = {*now, *before}
    causes = (("under-voltage" in ever, _POWER), (bool(ever - {"under-voltage"}), _HEAT))
    fix = "; ".join(advice for applies, advice in causes if applies)
    if now:
        return problem(f"{', '.join(now)} right now", fix)
    if before:
        return warning(f"{', '.join(before)} since boot", fix)
    return ok("none since boot")


def temperature(root: Path) -> Finding:
    """Check the temperature of the processor."""
    degrees = celsius(root / "sys/class/thermal/thermal_zone0/temp")
    if degrees is None:
        text = firmware.vcgencmd("measure_temp")  # such as temp=48.3'C
        try:
            degrees = float((text or "").removeprefix("temp=").partition("'")[0])
        except ValueError:
            return ok("no sensor")
    message = f"{degrees:.0f} °C"
    if degrees >= _TOO_HOT:
        return problem(f"{message}: throttled", _HEAT)
    if degrees >= _HOT:
        return warning(message, _HEAT)
    return ok(message)


_INT8 = {
    "x86-vnni": "int8 models take about 0.4 times as long as float32 ones",
    "x86-avx2": "no int8 dot product: int8 models are smaller than float32 ones, and not faster",
    "arm-dot": "int8 models take about a third of the time of float32 ones",
    "arm-nodot": "no int8 dot product: int8 models take two thirds of float32's time, or more",
}
"""Expected speed of int8 by core class, from docs/count.md."""


def processor(root: Path) -> Finding:
    """Report the core class and its int8 performance."""
    found = processors.read(root / "proc/cpuinfo")
    if found.has_dot_product is None:
        return ok("core class unknown: this system reports no instruction sets")
    general = (
        "an int8 dot product: int8 models take less than half of float32's time"
        if found.has_dot_product
        else "no int8 dot product: int8 models may be slower than float32 ones"
    )
    name = f" ({found.microarchitecture})" if found.microarchitecture else ""
    return ok(f"core class {found.core_class}{name}: {_INT8.get(found.core_class, general)}")


def memory(root: Path) -> Finding:
    """Check the available memory."""
    sizes = {}
    for line in (read_value(root / "proc/meminfo") or "").splitlines():
        name, _, size = line.partition(":")
        if size.strip().endswith("kB"):
            sizes[name] = int(size.split()[0]) * 1024 // 10**6
    if "MemAvailable" not in sizes:
        return ok("not reported by this system")
    free = sizes["MemAvailable"]
    message = f"{free:,} of {sizes['MemTotal']:,} MB available"
    if free < _TOO_TIGHT:
        return problem(message, "end other programs; the runner needs up to 150 MB")
    if free < _TIGHT:
        return warning(message, "end other programs, such as a desktop (Raspberry Pi OS Lite)")
    return ok(message)
