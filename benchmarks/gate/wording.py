"""What the gate found, in words."""

from benchmarks.gate.rules import Limit, Side, Unit
from benchmarks.stats.estimate import Estimate

_SIDES = {Side.floor: "at least", Side.ceiling: "at most"}


def sentence(what: Limit, found: Estimate, limit: float, against: str) -> str:
    """Say a figure with its interval, what it was compared with (if with anything), the limit."""
    interval = ""
    if found.low != found.high:
        interval = f" [{write(found.low, what.unit)}, {write(found.high, what.unit)}]"
    to = (
        f" than {against}"
        if what.says in ("slower", "larger", "more instructions")
        else f" against {against}"
    )
    return (
        f"{what.says} {write(found.value, what.unit)}{interval}{to if against else ''}, "
        f"{_SIDES[what.side]} {write(limit, what.unit)}"
    )


def write(value: float, unit: Unit) -> str:
    """Write a figure for people, with its unit."""
    if unit is Unit.percent:
        return f"{100 * value:.2f} %"
    if unit is Unit.points:
        return f"{100 * value:.2f} points"
    if unit is Unit.times:
        return f"{value:.3f} x"
    digits = 0 if value >= 100 or value == int(value) else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
