"""Cost budgets of a net: instructions on a core, multiply-adds, or bytes of weights."""

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
"""Instructions per inference of the package `fer` 25.10.3, as counted in docs/count.md."""

FLOOR = {"cortex-a53": 0.35, "cortex-a72": 0.25, "cortex-a76": 0.08}
"""Lower bound of the instructions per multiply-add of any convolution (docs/count.md): a net that
exceeds the budget by this bound need not be counted."""

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:e(\d+))?\s*([kmgx]?)", re.IGNORECASE)

Costs = Mapping[str, float]
"""Costs by metric: instructions per inference by core, multiply-adds per inference, bytes of the
weights, and the number of parameters."""


@dataclass(frozen=True)
class Budget:
    """An upper limit of a net's cost.

    Attributes:
        metric: one of `METRICS`.
        limit: instructions, multiply-adds or bytes.
    """

    metric: str
    limit: float

    def share(self, costs: Costs) -> float:
        """A net's cost as a fraction of the limit; above 1 it is over budget."""
        return costs[self.metric] / self.limit

    def least_share(self, costs: Costs) -> float:
        """Lower bound of a net's cost as a fraction of the limit, without counting."""
        if self.metric in FLOOR:
            return FLOOR[self.metric] * costs[MULTIPLY_ADDS] / self.limit
        return self.share(costs)


def parse(texts: Sequence[str], reference: Callable[[str], float]) -> list[Budget]:
    """Parse budgets, for example "cortex-a72=3.16M", "cortex-a76=0.5x" or "size=100k".

    Args:
        texts: budgets as METRIC=VALUE; a value with the suffix x is a multiple of the reference's
            cost.
        reference: returns the reference's cost of a metric.

    Raises:
        InputError: unknown metric, a value that is not positive, a metric given twice, or an
            unknown reference cost.
    """
    budgets = []
    for text in texts:
        metric, _, value = (part.strip() for part in text.partition("="))
        if metric not in METRICS:
            raise InputError(f"--budget {text}: no {metric!r}, give one of {', '.join(METRICS)}")
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise InputError(f"--budget {text}: give a value such as 3.16M, 100k or 0.5x")
        number = float(match[1]) * 10.0 ** int(match[2] or 0)
        unit = match[3].lower()
        limit = number * (reference(metric) if unit == "x" else _UNITS[unit])
        if not 0 < limit < float("inf"):
            raise InputError(f"--budget {text}: a budget must be above 0")
        budgets.append(Budget(metric, limit))
    if len({budget.metric for budget in budgets}) < len(budgets):
        raise InputError("--budget gives a metric twice: give each metric once")
    return budgets


def cores(budgets: Sequence[Budget]) -> list[str]:
    """The cores for which a candidate must be counted."""
    return [budget.metric for budget in budgets if budget.metric in CORES]
