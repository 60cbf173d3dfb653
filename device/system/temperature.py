"""How hot the processor is."""

from pathlib import Path

_SENSOR = Path("/sys/class/thermal/thermal_zone0/temp")


def celsius(sensor: Path = _SENSOR) -> float | None:
    """Read the first thermal zone, which on a Raspberry Pi is the processor's.

    Args:
        sensor: a file with thousandths of a degree Celsius.

    Returns:
        degrees Celsius, or None where there is no such sensor (virtual machines, containers).
    """
    try:
        return int(sensor.read_text()) / 1000
    except (OSError, ValueError):
        return None
