"""The outcome of a gate: one result for each limit of each rule on each model."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.stats.estimate import Estimate


class Status(StrEnum):
    """Outcome of one check."""

    passed = "passed"
    inconclusive = "inconclusive"
    """The figure is beyond its limit, but its interval reaches across the limit."""
    failed = "failed"
    skipped = "skipped"


@dataclass(frozen=True)
class CheckResult:
    """One limit of one rule on one model.

    Attributes:
        rule: glob of the rule.
        model: name of the model.
        key: key of the limit; see `limits.LIMITS`.
        status: outcome.
        message: one line with the figure, its interval, the limit and what it was compared with.
        limit: limit that the rule sets.
        estimate: figure with its bounds; None if skipped.
        seconds: duration of the check.
    """

    rule: str
    model: str
    key: str
    status: Status
    message: str
    limit: float
    estimate: Estimate | None
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The outcome of a gate.

    Attributes:
        checks: one result for each limit of each rule on each model.
        notes: conditions of the measurement that matter when reading the results.
        vacuous: one line that says why nothing was decided; None if something was.
    """

    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...]
    vacuous: str | None = None

    @property
    def passed(self) -> bool:
        """Whether something was checked and no check failed."""
        return self.vacuous is None and not self.count(Status.failed)

    def count(self, status: Status) -> int:
        """Count the checks with a status."""
        return sum(check.status is status for check in self.checks)
