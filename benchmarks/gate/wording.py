"""Format the figures of a gate for people."""

from benchmarks.gate.limits import Limit, Side, Unit
from benchmarks.stats.estimate import Estimate

_SIDES = {Side.floor: "at least", Side.ceiling: "at most"}


def sentence(what: Limit, found: Estimate, limit: float, against: str) -> str:
    """Format a figure with its interval, what it is compared with, and its limit.

    Args:
        what: entry of the figure in `limits.LIMITS`.
        found: figure with its bounds.
        limit: limit that the rule sets.
        against: name of the model or file that a change is measured from; "" for an absolute
            figure.
    """
    interval = ""
    if found.low != found.high:
        interval = f" [{write(found.low, what.unit)}, {write(found.high, what.unit)}]"
    compared = f" {what.preposition} {against}" if against else ""
    return (
        f"{what.label} {write(found.value, what.unit)}{interval}{compared}, "
        f"{_SIDES[what.side]} {write(limit, what.unit)}"
    )


def write(value: float, unit: Unit) -> str:
    """Format a value with its unit."""
    if unit is Unit.percent:
        return f"{100 * value:.2f} %"
    if unit is Unit.points:
        return f"{100 * value:.2f} points"
    if unit is Unit.times:
        return f"{value:.3f} x"
    digits = 0 if value >= 100 or value == int(value) else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
