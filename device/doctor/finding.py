"""The result of one check."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """Status of a finding."""

    ok = "ok"
    warning = "warning"
    problem = "problem"


@dataclass(frozen=True)
class Finding:
    """Result of a check.

    Attributes:
        status: "ok"; "warning" if the runner works, but slower or with restrictions; "problem" if
            it does not work.
        message: result in one line.
        fix: suggested fix; empty for "ok".
        name: name of the check.
    """

    status: Status
    message: str
    fix: str = ""
    name: str = ""

    def named(self, name: str) -> "Finding":
        """Return the finding with the name of its check."""
        return replace(self, name=name)


def ok(message: str) -> Finding:
    """Make a finding without a problem."""
    return Finding(Status.ok, message)


def warning(message: str, fix: str) -> Finding:
    """Make a finding that does not prevent the runner from working."""
    return Finding(Status.warning, message, fix)


def problem(message: str, fix: str) -> Finding:
    """Make a finding that prevents the runner from working."""
    return Finding(Status.problem, message, fix)
