"""Hold the models of a results file to rules, and say which one breaks which, and how sure that is.

A rule is broken by the interval and not by the point: a ceiling only when the lower bound is above
it. So noise alone fails a build in at most one check of twenty where the truth is on the limit
itself, and far more rarely where nothing changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from benchmarks.compare import Estimate
from benchmarks.evidence import Block, Case, Session, UnmeasuredError, estimate
from benchmarks.rules import LIMITS, DecideBy, Limit, Rule, Rules, Side, Unit
from device.errors import InputError


class Status(StrEnum):
    """What a check found."""

    held = "held"
    unclear = "unclear"
    """The figure is beyond its limit, and its interval is not."""
    broken = "broken"
    skipped = "skipped"


@dataclass(frozen=True)
class Check:
    """One limit of one rule on one model.

    Attributes:
        rule: the rule's glob.
        model: the model's name.
        key: of `rules.LIMITS`.
        status: what was found.
        says: one line with the figure, its interval, the limit and what was compared.
        limit: that the rule sets.
        estimate: the figure with its bounds; None when skipped.
    """

    rule: str
    model: str
    key: str
    status: Status
    says: str
    limit: float
    estimate: Estimate | None


@dataclass(frozen=True)
class Verdict:
    """All checks of a gate, and what one must know to read them."""

    checks: tuple[Check, ...]
    notes: tuple[str, ...]

    def count(self, status: Status) -> int:
        """Count the checks of a status."""
        return sum(check.status is status for check in self.checks)


def check(session: Session, rules: Rules, baseline: Session | None = None) -> Verdict:
    """Hold a session to rules.

    Args:
        session: to judge.
        rules: to judge it by.
        baseline: that regressions are measured from; without one those limits are skipped.

    Raises:
        InputError: a rule matches no model or asks for what was not measured, the baseline lacks a
            model, or the two sessions do not compare.
    """
    if baseline is not None:
        _check_comparable(session, baseline, rules)
    checks: list[Check] = []
    for rule in rules.rules:
        names = rule.matching(model["name"] for model in session.results["models"])
        if not names and not rule.optional:
            known = ", ".join(model["name"] for model in session.results["models"])
            raise InputError(
                f'{rules.path}: [models."{rule.models}"] matches no model of {session.name}, '
                f"which has {known or 'none'}"
            )
        for name in names:
            checks += _check_model(name, rule, session, rules, baseline)
    return Verdict(tuple(checks), tuple(_notes(session, baseline, checks)))


def _check_model(
    name: str, rule: Rule, session: Session, rules: Rules, baseline: Session | None
) -> Iterator[Check]:
    model = session.model(name)
    assert model is not None
    for key, limit in rule.limits.items():
        what = LIMITS[key]

        def skip(why: str, key: str = key, limit: float = limit) -> Check:
            says = f"{name}: {why} ({key})"
            return Check(rule.models, name, key, Status.skipped, says, limit, None)

        if key.endswith("_drop") and _is_parent(model, rule):
            continue
        if what.baseline and baseline is None:
            yield skip("no --baseline to compare with")
            continue
        before = baseline.model(name) if baseline else None
        if what.baseline and baseline and before is None:
            if not rules.allow_new:
                raise InputError(
                    f"{baseline.name} has no model {name}: measure the baseline with it, or set "
                    f"allow_new = true in {rules.path}"
                )
            yield skip(f"new, {baseline.name} does not have it")
            continue
        try:
            parent = _parent(model, rule, session) if key.endswith("_drop") else None
            found = estimate(key, Case(model, session, parent, before, baseline, rules.confidence))
        except UnmeasuredError as missing:
            if not rule.optional:
                raise InputError(f'[models."{rule.models}"] {key}: {missing}') from missing
            yield skip(str(missing))
            continue
        status = decide(found, limit, what.side, rule.decide_by)
        against = parent["name"] if parent else baseline.name if what.baseline and baseline else ""
        says = f"{name}: {_sentence(what, found, limit, against)} ({key})"
        yield Check(rule.models, name, key, status, says, limit, found)


def decide(found: Estimate, limit: float, side: Side, by: DecideBy) -> Status:
    """Say whether a figure breaks its limit: by its interval, or by itself."""
    if side is Side.ceiling:
        beyond, surely = found.value > limit, found.low > limit
    else:
        beyond, surely = found.value < limit, found.high < limit
    if surely or (beyond and by is DecideBy.point):
        return Status.broken
    return Status.unclear if beyond else Status.held


def _is_parent(model: Block, rule: Rule) -> bool:
    """Whether a model is itself what others are measured from, or comes from somebody else."""
    if rule.parent is not None:
        return fnmatchcase(model["name"], rule.parent)
    return model["precision"] == rule.parent_precision or model["peer"] is not None


def _parent(model: Block, rule: Rule, session: Session) -> Block:
    """Find the model that a drop is measured from: the one the rule names, or the float twin."""
    same = [
        other
        for other in session.results["models"]
        if other["head"] == model["head"] and other is not model
    ]
    if rule.parent is not None:
        found = [other for other in same if fnmatchcase(other["name"], rule.parent)]
        if len(found) != 1:
            many = ", ".join(other["name"] for other in found) or "none"
            raise InputError(
                f'[models."{rule.models}"] parent = "{rule.parent}" should match one model with '
                f"the labels of {model['name']}: it matches {many}"
            )
        return found[0]
    found = [
        other
        for other in same
        if other["precision"] == rule.parent_precision and other["peer"] is None
    ]
    twin = model["name"].replace(str(model["precision"]), rule.parent_precision)
    named = [other for other in found if other["name"] == twin] or found
    if len(named) == 1:
        return named[0]
    if not named:
        raise UnmeasuredError(
            f"{session.name} has no {rule.parent_precision} model with the labels of "
            f"{model['name']}"
        )
    raise UnmeasuredError(
        f"{', '.join(other['name'] for other in named)} could all be the parent of "
        f"{model['name']}: name one with parent = …"
    )


def _check_comparable(session: Session, baseline: Session, rules: Rules) -> None:
    """Refuse a baseline whose figures mean something else than the session's.

    Raises:
        InputError: a limit of the rules cannot be told from the two.
    """
    keys = {key for rule in rules.rules for key in rule.limits if LIMITS[key].baseline}
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
    for part in ("threads", "backend"):
        ours, theirs = _main(now["protocol"][part]), _main(before["protocol"][part])
        if ours != theirs:
            raise InputError(
                f"{baseline.name} was timed with {part} {theirs}, {session.name} with {ours}: "
                "measure both alike"
            )


def _main(value: object) -> object:
    """Give the first of several, which the main figures were measured with."""
    return value[0] if isinstance(value, list) else value


def _notes(session: Session, baseline: Session | None, checks: Sequence[Check]) -> Iterator[str]:
    for one in filter(None, (session, baseline)):
        if one.results["partial"]:
            yield f"{one.name} is partial: its run was interrupted"
        for mark in one.results["machine"].get("marks") or ():
            yield f"{one.name} is marked: {mark['text']}"
    if baseline is None and any(LIMITS[one.key].baseline for one in checks):
        yield "no --baseline was given: limits on changes were not checked"
    compared = any(one.key == "max_slower" and one.estimate for one in checks)
    if baseline is None or not compared:
        return
    ours, theirs = (one.results["machine"] for one in (session, baseline))
    if any(ours.get(key) != theirs.get(key) for key in ("cpu", "board", "host")):
        yield (
            f"{baseline.name} comes from another machine ({theirs['board'] or theirs['cpu']}): "
            "latencies are compared as multiples of the reference workload"
        )


def _sentence(what: Limit, found: Estimate, limit: float, against: str) -> str:
    interval = ""
    if found.low != found.high:
        interval = f" [{write(found.low, what.unit)}, {write(found.high, what.unit)}]"
    sides: Mapping[Side, str] = {Side.floor: "at least", Side.ceiling: "at most"}
    to = f" than {against}" if what.says in ("slower", "larger") else f" against {against}"
    return (
        f"{what.says} {write(found.value, what.unit)}{interval}{to if against else ''}, "
        f"{sides[what.side]} {write(limit, what.unit)}"
    )


def write(value: float, unit: Unit) -> str:
    """Write a figure for people, with its unit."""
    if unit is Unit.percent:
        return f"{100 * value:.2f} %"
    if unit is Unit.points:
        return f"{100 * value:.2f} points"
    if unit is Unit.times:
        return f"{value:.3f} x"
    digits = 0 if value >= 100 or value == int(value) else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
