"""One line of what the doctor says."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """How good a finding is."""

    ok = "ok"
    warning = "warning"
    problem = "problem"


@dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes:
        status: "ok"; "warning" where the runner works, but less well or with part of it; "problem"
            where it does not.
        message: what was found, in one line.
        fix: what to do about it; empty where there is nothing to do.
        name: what was checked.
    """

    status: Status
    message: str
    fix: str = ""
    name: str = ""

    def named(self, name: str) -> "Finding":
        """Give the same finding with the name of what was checked."""
        return replace(self, name=name)


def ok(message: str) -> Finding:
    """Give a finding that is fine."""
    return Finding(Status.ok, message)


def warning(message: str, fix: str) -> Finding:
    """Give a finding that the runner can live with."""
    return Finding(Status.warning, message, fix)


def problem(message: str, fix: str) -> Finding:
    """Give a finding that keeps the runner from working."""
    return Finding(Status.problem, message, fix)
