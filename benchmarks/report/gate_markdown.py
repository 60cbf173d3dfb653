"""The gate's verdict as Markdown: for a step summary, or a comment on a pull request."""

from benchmarks.gate.check import Status, Verdict
from benchmarks.report.markdown import table

SIGNS = {Status.broken: "❌", Status.unclear: "❔", Status.held: "✅", Status.skipped: "–"}
ORDER = tuple(SIGNS)


def markdown(verdict: Verdict) -> str:
    """Write the verdict, the broken limits first; the ones that held are folded away."""
    parts = [f"## {SIGNS[_worst(verdict)]} {headline(verdict)}"]
    parts += [f"> **{note}.**" for note in verdict.notes]
    loud = [one for one in verdict.checks if one.status in (Status.broken, Status.unclear)]
    if loud:
        parts.append(_table(verdict, (Status.broken, Status.unclear)))
    if verdict.count(Status.held):
        parts.append(
            f"<details><summary>{verdict.count(Status.held)} checks held</summary>\n\n"
            f"{_table(verdict, (Status.held,))}\n\n</details>"
        )
    return "\n\n".join(parts) + "\n"


def headline(verdict: Verdict) -> str:
    """Count the checks in one line."""
    counts = {status: verdict.count(status) for status in ORDER}
    ran = sum(counts.values()) - counts[Status.skipped]
    text = (
        f"{counts[Status.broken]} of {ran} checks broken"
        if counts[Status.broken]
        else f"{ran} {'check holds' if ran == 1 else 'checks hold'}"
    )
    for status in (Status.unclear, Status.skipped):
        text += f", {counts[status]} {status}" if counts[status] else ""
    return text


def _worst(verdict: Verdict) -> Status:
    return Status.broken if verdict.count(Status.broken) else Status.held


def _table(verdict: Verdict, statuses: tuple[Status, ...]) -> str:
    rows = [
        (SIGNS[check.status], check.model, check.says.removeprefix(f"{check.model}: "))
        for status in statuses
        for check in verdict.checks
        if check.status is status
    ]
    return table([("", ""), ("model", ""), ("check", "")], rows)
