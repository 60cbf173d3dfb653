"""The temperature of the processor."""

from pathlib import Path

_SENSOR = Path("/sys/class/thermal/thermal_zone0/temp")


def celsius(sensor: Path = _SENSOR) -> float | None:
    """Read the first thermal zone, the processor's on a Raspberry Pi.

    Args:
        sensor: file with thousandths of a degree Celsius.

    Returns:
        Degrees Celsius; None without such a sensor (virtual machines, containers).
    """
    try:
        return int(sensor.read_text()) / 1000
    except (OSError, ValueError):
        return None
