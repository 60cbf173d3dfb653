"""The verdict of the gate as Markdown, for a step summary or a comment on a pull request."""

from benchmarks.gate.verdict import Status, Verdict
from benchmarks.report.markdown import table

SIGNS = {Status.failed: "❌", Status.inconclusive: "❔", Status.passed: "✅", Status.skipped: "–"}
ORDER = tuple(SIGNS)


def markdown(verdict: Verdict) -> str:
    """Format the verdict with failed checks first and passed checks in a collapsed section."""
    parts = [f"## {SIGNS[Status.passed if verdict.passed else Status.failed]} {headline(verdict)}"]
    parts += [f"> **{note}.**" for note in (verdict.vacuous, *verdict.notes) if note]
    loud = [one for one in verdict.checks if one.status in (Status.failed, Status.inconclusive)]
    if loud:
        parts.append(_table(verdict, (Status.failed, Status.inconclusive)))
    if verdict.count(Status.passed):
        parts.append(
            f"<details><summary>{verdict.count(Status.passed)} checks passed</summary>\n\n"
            f"{_table(verdict, (Status.passed,))}\n\n</details>"
        )
    return "\n\n".join(parts) + "\n"


def headline(verdict: Verdict) -> str:
    """Count the checks in one line."""
    counts = {status: verdict.count(status) for status in ORDER}
    ran = sum(counts.values()) - counts[Status.skipped]
    text = (
        f"{counts[Status.failed]} of {ran} checks failed"
        if counts[Status.failed]
        else f"{ran} {'check' if ran == 1 else 'checks'} passed"
    )
    for status in (Status.inconclusive, Status.skipped):
        text += f", {counts[status]} {status}" if counts[status] else ""
    return text


def _table(verdict: Verdict, statuses: tuple[Status, ...]) -> str:
    rows = [
        (SIGNS[check.status], check.model, check.message.removeprefix(f"{check.model}: "))
        for status in statuses
        for check in verdict.checks
        if check.status is status
    ]
    return table([("", ""), ("model", ""), ("check", "")], rows)
