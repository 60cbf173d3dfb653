"""Evaluate the rules of a gate on the models of a results file.

The interval decides, not the point estimate: a ceiling fails only if the lower bound is above it.
With the default confidence of 95 %, noise fails at most one check in twenty if the true value is at
the limit, and far fewer if nothing changed.
"""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.gate import comparability, notes, pairing, parent
from benchmarks.gate.case import Case, Measured, NotComparedError, Session, UnmeasuredError
from benchmarks.gate.limits import LIMITS, Against, Side
from benchmarks.gate.limits import limit as limit_of
from benchmarks.gate.rules import DecideBy, Rule, Rules
from benchmarks.gate.verdict import CheckResult, Status, Verdict
from benchmarks.gate.wording import sentence
from benchmarks.stats.estimate import Estimate
from device.errors import InputError

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


def evaluate(
    session: Session, rules: Rules, baseline: Session | None = None, *, allow_new: bool = False
) -> Verdict:
    """Evaluate rules on a session.

    Args:
        session: results to check.
        rules: limits to check them by.
        baseline: results that changes are measured from; without it those limits are skipped.
        allow_new: whether to accept a session without comparable models.

    Raises:
        InputError: a rule matches no model or limits a figure that was not measured, the baseline
            lacks a model, or the two sessions cannot be compared.
    """
    if baseline is not None:
        comparability.check(session, baseline, rules)
    models = session.results["models"]
    pairs = pairing.pair(models, baseline.results["models"]) if baseline else {}
    checks: list[CheckResult] = []
    for rule in rules.rules:
        for model in _matching(rule, session, rules):
            before = pairs.get(model["name"])
            if baseline and before is None and not (allow_new or rules.allow_new):
                _refuse_new(model, rule, baseline, rules)
            case = Case(
                Measured(model, session),
                rules.confidence,
                baseline=baseline,
                before=Measured(before, baseline) if before and baseline else None,
            )
            checks += _check_model(case, rule)
    return Verdict(
        tuple(checks),
        tuple(notes.collect(session, baseline, pairs, checks)),
        None if allow_new else notes.vacuous(checks, session, baseline),
    )


def decide(found: Estimate, limit: float, side: Side, by: DecideBy) -> Status:
    """Decide whether a figure breaks its limit.

    Args:
        found: figure with its bounds.
        limit: limit in the unit of the figure.
        side: whether the limit is a floor or a ceiling.
        by: whether the interval or the figure itself has to be beyond the limit to fail.
    """
    if side is Side.ceiling:
        beyond, surely = found.value > limit, found.low > limit
    else:
        beyond, surely = found.value < limit, found.high < limit
    if surely or (beyond and by is DecideBy.point):
        return Status.failed
    return Status.inconclusive if beyond else Status.passed


def _matching(rule: Rule, session: Session, rules: Rules) -> "list[ModelResult]":
    """Return the models that a rule names; none only if the rule is optional."""
    models = session.results["models"]
    found = [model for model in models if pairing.matches(model, rule.models)]
    if not found and not rule.optional:
        known = ", ".join(model["name"] for model in models)
        raise InputError(
            f'{rules.path}: [models."{rule.models}"] matches no model of {session.name}, '
            f"which has {known or 'none'}"
        )
    return found


def _refuse_new(model: "ModelResult", rule: Rule, baseline: Session, rules: Rules) -> None:
    """Refuse a model that the baseline lacks, if the rule limits a change from the baseline."""
    if any(limit_of(key).needs_baseline for key in rule.limits):
        raise InputError(
            f"{baseline.name} has no model {model['name']}: measure the baseline with it, or give "
            f"--allow-new (or allow_new = true in {rules.path})"
        )


def _check_model(case: Case, rule: Rule) -> Iterator[CheckResult]:
    now = case.now
    for key, core, limit in _expanded(rule, now.model):
        what = LIMITS[key]
        if what.against is Against.parent and parent.is_parent(now.model, rule):
            continue
        start = perf_counter()
        name = f"{now.name} on {core}" if core else now.name
        status, found, says = _measure(case, rule, key, core, limit)
        yield CheckResult(
            rule.models,
            now.name,
            key,
            status,
            f"{name}: {says} ({key})",
            limit,
            found,
            perf_counter() - start,
        )


def _measure(
    case: Case, rule: Rule, key: str, core: str | None, limit: float
) -> tuple[Status, Estimate | None, str]:
    """Compute one figure, compare it with its limit and put both into words."""
    what, against = LIMITS[key], ""
    float_parent = None
    try:
        if what.against is Against.parent:
            float_parent = parent.find(case.now, rule)
            against = float_parent.name
        elif what.against is Against.baseline:
            against = case.in_baseline.session.name
        found = what.figure(replace(case, core=core, float_parent=float_parent))
    except UnmeasuredError as why:
        if not rule.optional and not isinstance(why, NotComparedError):
            raise InputError(f'[models."{rule.models}"] {key}: {why}') from why
        return Status.skipped, None, str(why)
    status = decide(found, limit, what.side, rule.decide_by)
    return status, found, sentence(what, found, limit, against)


def _expanded(rule: Rule, model: "ModelResult") -> Iterator[tuple[str, str | None, float]]:
    """Yield each limit with its core: one named in the rule, each counted one, or None."""
    for key, limit in rule.limits.items():
        name, _, named = key.partition(".")
        counted = [count["core"] for count in model["counts"]]
        if named or not LIMITS[name].each_core or not counted:
            yield name, named or None, limit
            continue
        for core in counted:
            if f"{name}.{core}" not in rule.limits:
                yield name, core, limit
