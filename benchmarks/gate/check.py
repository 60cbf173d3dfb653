"""Evaluate the rules of a gate on the models of a results file.

The interval decides, not the point estimate: a ceiling fails only when the lower bound is above it.
So noise alone fails at most one check in twenty when the true value is at the limit, and far fewer
when nothing changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.gate import pairing
from benchmarks.gate import parent as parents
from benchmarks.gate.figures import Case, Session, UnmeasuredError, estimate
from benchmarks.gate.rules import LIMITS, DecideBy, Rule, Rules, Side
from benchmarks.gate.rules import limit as limit_of
from benchmarks.gate.wording import sentence
from benchmarks.stats.estimate import Estimate
from device.errors import InputError
from device.system.processor import UNKNOWN

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


class Status(StrEnum):
    """What a check found."""

    passed = "passed"
    inconclusive = "inconclusive"
    """The figure is beyond its limit, and its interval is not."""
    failed = "failed"
    skipped = "skipped"


@dataclass(frozen=True)
class CheckResult:
    """One limit of one rule on one model.

    Attributes:
        rule: the rule's glob.
        model: the model's name.
        key: of `rules.LIMITS`.
        status: what was found.
        says: one line with the figure, its interval, the limit and what was compared.
        limit: that the rule sets.
        estimate: the figure with its bounds; None when skipped.
        seconds: time that the check took.
    """

    rule: str
    model: str
    key: str
    status: Status
    says: str
    limit: float
    estimate: Estimate | None
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The outcome of a gate.

    Attributes:
        checks: one for each limit of each rule on each model.
        notes: what one must know to read them.
        vacuous: why the gate decided nothing, in one line; None when it decided something.
    """

    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...]
    vacuous: str | None = None

    @property
    def passed(self) -> bool:
        """Whether something was checked and no check failed."""
        return self.vacuous is None and not self.count(Status.failed)

    def count(self, status: Status) -> int:
        """Count the checks of a status."""
        return sum(check.status is status for check in self.checks)


def evaluate(
    session: Session, rules: Rules, baseline: Session | None = None, *, allow_new: bool = False
) -> Verdict:
    """Evaluate rules on a session.

    Args:
        session: results to check.
        rules: limits to check them by.
        baseline: results that regressions are measured from; without it those limits are skipped.
        allow_new: whether a session of which nothing can be compared is accepted.

    Raises:
        InputError: a rule matches no model or asks for what was not measured, the baseline lacks a
            model, or the two sessions do not compare.
    """
    if baseline is not None:
        _check_comparable(session, baseline, rules)
    ours = session.results["models"]
    pairs = pairing.pair(ours, baseline.results["models"]) if baseline else {}
    checks: list[CheckResult] = []
    for rule in rules.rules:
        models = [model for model in ours if pairing.matches(model, rule.models)]
        if not models and not rule.optional:
            known = ", ".join(model["name"] for model in ours)
            raise InputError(
                f'{rules.path}: [models."{rule.models}"] matches no model of {session.name}, '
                f"which has {known or 'none'}"
            )
        for model in models:
            before = pairs.get(model["name"])
            if baseline and before is None and not (allow_new or rules.allow_new):
                _refuse_new(model, rule, baseline, rules)
            checks += _check_model(model, before, rule, session, baseline, rules.confidence)
    notes = [*_notes(session, baseline, checks), *_unpaired(session, baseline, pairs)]
    vacuous = None if allow_new else _vacuous(checks, session, baseline)
    return Verdict(tuple(checks), tuple(notes), vacuous)


def _vacuous(
    checks: Sequence[CheckResult], session: Session, baseline: Session | None
) -> str | None:
    """Say in one line that the gate decided nothing; None when it decided something."""
    changes = [check for check in checks if limit_of(check.key).baseline]
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


def _unpaired(
    session: Session, baseline: Session | None, pairs: Mapping[str, "ModelResult"]
) -> Iterator[str]:
    """Name the models that only one of the two sessions has."""
    if baseline is None:
        return
    new = [model for model in session.results["models"] if model["name"] not in pairs]
    if new:
        yield f"new, not in {baseline.name}: {_names(new)}"
    kept = [id(model) for model in pairs.values()]
    gone = [model for model in baseline.results["models"] if id(model) not in kept]
    if gone:
        yield f"{session.name} lacks models of {baseline.name}: {_names(gone)}"


def _names(models: Sequence["ModelResult"]) -> str:
    return ", ".join(model["name"] for model in models) or "no model"


def _refuse_new(model: "ModelResult", rule: Rule, baseline: Session, rules: Rules) -> None:
    """Refuse a model that should be compared with a baseline that lacks it.

    Raises:
        InputError: the rule limits a change.
    """
    if any(limit_of(key).baseline for key in rule.limits):
        raise InputError(
            f"{baseline.name} has no model {model['name']}: measure the baseline with it, or give "
            f"--allow-new (or allow_new = true in {rules.path})"
        )


def _check_model(
    model: "ModelResult",
    before: "ModelResult | None",
    rule: Rule,
    session: Session,
    baseline: Session | None,
    confidence: float,
) -> Iterator[CheckResult]:
    for key, core, limit in _expanded(rule, model):
        what, drop = LIMITS[key], key.endswith("_drop")
        name = f"{model['name']} on {core}" if core else model["name"]
        if drop and parents.is_parent(model, rule):
            continue
        start = perf_counter()
        try:
            if what.baseline and baseline is None:
                raise _SkippedError("no --baseline to compare with")
            if what.baseline and baseline and before is None:
                raise _SkippedError(f"new, {baseline.name} does not have it")
            parent = parents.find(model, rule, session) if drop else None
            found = estimate(key, Case(model, session, parent, before, baseline, confidence, core))
        except UnmeasuredError as why:
            if not rule.optional and not isinstance(why, _SkippedError):
                raise InputError(f'[models."{rule.models}"] {key}: {why}') from why
            says = f"{name}: {why} ({key})"
            spent = perf_counter() - start
            yield CheckResult(
                rule.models, model["name"], key, Status.skipped, says, limit, None, spent
            )
            continue
        against = parent["name"] if parent else baseline.name if what.baseline and baseline else ""
        says = f"{name}: {sentence(what, found, limit, against)} ({key})"
        status = decide(found, limit, what.side, rule.decide_by)
        spent = perf_counter() - start
        yield CheckResult(rule.models, model["name"], key, status, says, limit, found, spent)


def _expanded(rule: Rule, model: "ModelResult") -> Iterator[tuple[str, str | None, float]]:
    """Give each limit with its core: one named in the rule, each counted one, or None."""
    for key, limit in rule.limits.items():
        name, _, named = key.partition(".")
        counted = [count["core"] for count in model["counts"]]
        if named or not LIMITS[name].each_core or not counted:
            yield name, named or None, limit
            continue
        for core in counted:
            if f"{name}.{core}" not in rule.limits:
                yield name, core, limit


class _SkippedError(UnmeasuredError):
    """There is nothing to compare with, and that is no mistake."""


def decide(found: Estimate, limit: float, side: Side, by: DecideBy) -> Status:
    """Say whether a figure breaks its limit: by its interval, or by itself."""
    if side is Side.ceiling:
        beyond, surely = found.value > limit, found.low > limit
    else:
        beyond, surely = found.value < limit, found.high < limit
    if surely or (beyond and by is DecideBy.point):
        return Status.failed
    return Status.inconclusive if beyond else Status.passed


def _check_comparable(session: Session, baseline: Session, rules: Rules) -> None:
    """Refuse a baseline whose figures mean something else than the session's.

    Raises:
        InputError: a limit of the rules cannot be told from the two.
    """
    keys = {key for rule in rules.rules for key in rule.limits if limit_of(key).baseline}
    now, before = session.results, baseline.results
    if keys & {"max_top1_loss", "max_macro_f1_loss"}:
        for part in ("digest", "split"):
            if now["data"][part] != before["data"][part]:
                raise InputError(
                    f"{baseline.name} was measured on other images ({part} "
                    f"{before['data'][part][:12]}, not {now['data'][part][:12]}): measure both on "
                    "the same"
                )
    if "max_slower" not in keys or not now["reference"] or not before["reference"]:
        return
    if now["reference"]["sha256"] != before["reference"]["sha256"]:
        raise InputError(
            f"{baseline.name} was timed beside another reference workload: measure it again with "
            "this fer-edge"
        )
    _check_core_classes(session, baseline)
    settings = [
        {"threads": one["protocol"]["threads"][0], "backend": one["protocol"]["backend"]}
        for one in (now, before)
    ]
    for part in ("threads", "backend"):
        ours, theirs = (one[part] for one in settings)
        if ours != theirs:
            raise InputError(
                f"{baseline.name} was timed with {part} {theirs}, {session.name} with {ours}: "
                "measure both alike"
            )


def _check_core_classes(session: Session, baseline: Session) -> None:
    """Refuse to compare latencies of cores that run other kernels.

    Raises:
        InputError: the core classes differ, or one of them is not known.
    """
    ours, theirs = (one.results["machine"]["core_class"] for one in (session, baseline))
    if ours == theirs != UNKNOWN:
        return
    differ = (
        f"{baseline.name} was timed on core class {theirs}, {session.name} on {ours}"
        if ours != theirs
        else f"neither {baseline.name} nor {session.name} says on which core class it was timed"
    )
    raise InputError(
        f"{differ}, and latencies do not carry over: measure the baseline on this machine, or drop "
        "max_slower and compare instructions with max_more_instructions"
    )


def _notes(
    session: Session, baseline: Session | None, checks: Sequence[CheckResult]
) -> Iterator[str]:
    for one in filter(None, (session, baseline)):
        if one.results["partial"]:
            yield f"{one.name} is partial: its run was interrupted"
        for mark in one.results["machine"]["marks"]:
            yield f"{one.name} is marked: {mark['text']}"
    if session.results["data"]["synthetic"]:
        yield from _bluntness(session, checks)
    if baseline is None and any(LIMITS[one.key].baseline for one in checks):
        yield "no --baseline was given: limits on changes were not checked"
    if baseline is not None and any(one.key == "max_more_instructions" for one in checks):
        ours, theirs = (_counted_with(one) for one in (session, baseline))
        if ours != theirs:
            yield f"{baseline.name} was counted with {theirs}, {session.name} with {ours}"
    compared = any(one.key == "max_slower" and one.estimate for one in checks)
    if baseline is None or not compared:
        return
    here, there = session.results["machine"], baseline.results["machine"]
    if any(here[key] != there[key] for key in ("cpu", "board", "host")):
        yield (
            f"{baseline.name} comes from another machine ({there['board'] or there['cpu']}): "
            "latencies are compared as multiples of the reference workload"
        )


def _bluntness(session: Session, checks: Sequence[CheckResult]) -> Iterator[str]:
    """Say how far accuracy on generated faces must fall for a check to fail."""
    smallest = [
        one.limit + one.estimate.value - one.estimate.low
        for one in checks
        if one.estimate and one.key in ("max_top1_drop", "max_top1_loss")
    ]
    if smallest:
        yield (
            f"accuracy is that of {session.results['data']['images']} generated faces, which says "
            f"nothing about people: top-1 must fall by about {100 * min(smallest):.1f} points for "
            "a check to fail"
        )


def _counted_with(session: Session) -> str:
    """Name what a session counted instructions with."""
    found = {
        f"{count['runtime']} under {count['emulator']}"
        for model in session.results["models"]
        for count in model["counts"]
    }
    return ", ".join(sorted(found)) or "nothing"
