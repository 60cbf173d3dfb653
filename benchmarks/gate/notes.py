"""Notes on a gate's results: conditions of the measurement that matter when reading them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.gate.case import Session
from benchmarks.gate.limits import limit
from benchmarks.gate.verdict import CheckResult, Status

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


def collect(
    session: Session,
    baseline: Session | None,
    pairs: Mapping[str, "ModelResult"],
    checks: Sequence[CheckResult],
) -> Iterator[str]:
    """Yield one line for each condition.

    Args:
        session: checked session.
        baseline: session that changes are measured from; None for none.
        pairs: by name of a model in the session, its entry in the baseline.
        checks: results of the gate.
    """
    for one in filter(None, (session, baseline)):
        if one.results["partial"]:
            yield f"{one.name} is partial: its run was interrupted"
        for mark in one.results["machine"]["marks"]:
            yield f"{one.name} is marked: {mark['text']}"
    if session.results["data"]["synthetic"]:
        yield from _detectable_drop(session, checks)
    if baseline is None:
        if any(limit(check.key).needs_baseline for check in checks):
            yield "no --baseline was given: limits on changes were not checked"
        return
    yield from _other_tools(session, baseline, checks)
    yield from _other_machine(session, baseline, checks)
    yield from _unpaired(session, baseline, pairs)


def vacuous(
    checks: Sequence[CheckResult], session: Session, baseline: Session | None
) -> str | None:
    """Describe in one line why the gate decided nothing; None if it decided something."""
    changes = [check for check in checks if limit(check.key).needs_baseline]
    if baseline and changes and all(check.status is Status.skipped for check in changes):
        return (
            f"nothing of {session.name} was compared with {baseline.name}, which has "
            f"{_names(baseline.results['models'])}: measure the same models, or accept it with "
            "--allow-new"
        )
    if all(check.status is Status.skipped for check in checks):
        return (
            f"nothing of {session.name} was checked ({len(checks)} skipped): give rules for what "
            "it measured or a --baseline, or accept it with --allow-new"
        )
    return None


def _detectable_drop(session: Session, checks: Sequence[CheckResult]) -> Iterator[str]:
    """State the decrease of accuracy on synthetic faces at which a check fails."""
    smallest = [
        check.limit + check.estimate.value - check.estimate.low
        for check in checks
        if check.estimate and check.key in ("max_top1_drop", "max_top1_loss")
    ]
    if smallest:
        yield (
            f"accuracy is that of {session.results['data']['images']} synthetic faces, which does "
            f"not apply to people: top-1 must fall by about {100 * min(smallest):.1f} points for "
            "a check to fail"
        )


def _other_tools(
    session: Session, baseline: Session, checks: Sequence[CheckResult]
) -> Iterator[str]:
    if any(check.key == "max_more_instructions" for check in checks):
        now, before = (_counted_with(one) for one in (session, baseline))
        if now != before:
            yield f"{baseline.name} was counted with {before}, {session.name} with {now}"


def _counted_with(session: Session) -> str:
    """Name the runtime and the emulator that instructions were counted with."""
    found = {
        f"{count['runtime']} under {count['emulator']}"
        for model in session.results["models"]
        for count in model["counts"]
    }
    return ", ".join(sorted(found)) or "nothing"


def _other_machine(
    session: Session, baseline: Session, checks: Sequence[CheckResult]
) -> Iterator[str]:
    if not any(check.key == "max_slower" and check.estimate for check in checks):
        return
    now, before = session.results["machine"], baseline.results["machine"]
    if any(now[key] != before[key] for key in ("cpu", "board", "host")):
        yield (
            f"{baseline.name} comes from another machine ({before['board'] or before['cpu']}): "
            "latencies are compared as multiples of the reference workload"
        )


def _unpaired(
    session: Session, baseline: Session, pairs: Mapping[str, "ModelResult"]
) -> Iterator[str]:
    """Name the models that only one of the two sessions has."""
    new = [model for model in session.results["models"] if model["name"] not in pairs]
    if new:
        yield f"new, not in {baseline.name}: {_names(new)}"
    kept = [id(model) for model in pairs.values()]
    gone = [model for model in baseline.results["models"] if id(model) not in kept]
    if gone:
        yield f"{session.name} lacks models of {baseline.name}: {_names(gone)}"


def _names(models: Sequence["ModelResult"]) -> str:
    return ", ".join(model["name"] for model in models) or "no model"
