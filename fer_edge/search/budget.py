"""What a net may cost: instructions on a core, multiply-adds, or bytes of weights."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.counting.cores import CORES
from device.errors import InputError

MULTIPLY_ADDS = "multiply_adds"
SIZE = "size"
PARAMETERS = "parameters"
METRICS = (*CORES, MULTIPLY_ADDS, SIZE)

FER = {"cortex-a53": 8.19e6, "cortex-a72": 6.32e6, "cortex-a76": 5.43e6}
"""Instructions of an inference of the package `fer` 25.10.3, as counted in docs/count.md."""

FLOOR = {"cortex-a53": 0.35, "cortex-a72": 0.25, "cortex-a76": 0.08}
"""Instructions of a multiply-add, fewer than any convolution takes (docs/count.md): what is over
budget by these need not be counted."""

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:e(\d+))?\s*([kmgx]?)", re.IGNORECASE)

Costs = Mapping[str, float]
"""By metric: instructions of an inference by core, multiply-adds of one, bytes of the weights; and
the number of parameters."""


@dataclass(frozen=True)
class Budget:
    """The most that a net may cost.

    Attributes:
        metric: one of `METRICS`.
        limit: instructions, multiply-adds or bytes.
    """

    metric: str
    limit: float

    def share(self, costs: Costs) -> float:
        """What a net's costs are of the limit; above 1 it is over budget."""
        return costs[self.metric] / self.limit

    def least_share(self, costs: Costs) -> float:
        """What a net's costs are of the limit at least, as far as known without counting."""
        if self.metric in FLOOR:
            return FLOOR[self.metric] * costs[MULTIPLY_ADDS] / self.limit
        return self.share(costs)


def parse(texts: Sequence[str], reference: Callable[[str], float]) -> list[Budget]:
    """Read budgets, such as "cortex-a72=3.16M", "cortex-a76=0.5x" or "size=100k".

    Args:
        texts: METRIC=VALUE each; a value with the suffix x is a multiple of the reference's cost.
        reference: gives that cost by metric.

    Raises:
        InputError: no such metric, no positive value, a metric that is given twice, or one whose
            cost of the reference is not known.
    """
    budgets = []
    for text in texts:
        metric, _, value = (part.strip() for part in text.partition("="))
        if metric not in METRICS:
            raise InputError(f"--budget {text}: no {metric!r}, give one of {', '.join(METRICS)}")
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise InputError(f"--budget {text}: give a value as 3.16M, 100k or 0.5x")
        number = float(match[1]) * 10.0 ** int(match[2] or 0)
        unit = match[3].lower()
        limit = number * (reference(metric) if unit == "x" else _UNITS[unit])
        if not 0 < limit < float("inf"):
            raise InputError(f"--budget {text}: a budget is above 0")
        budgets.append(Budget(metric, limit))
    if len({budget.metric for budget in budgets}) < len(budgets):
        raise InputError("--budget names a metric twice")
    return budgets


def cores(budgets: Sequence[Budget]) -> list[str]:
    """The cores that a candidate must be counted for."""
    return [budget.metric for budget in budgets if budget.metric in CORES]
