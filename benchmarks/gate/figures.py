"""What a results file says about a model on each limit of a rule: a figure with its bounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate import difference
from benchmarks.stats import bootstrap
from benchmarks.stats.estimate import Estimate, exactly

if TYPE_CHECKING:
    from benchmarks.results.types import Accuracy, InstructionCount, Latency, ModelResult, Results


class UnmeasuredError(Exception):
    """A figure that a rule asks for is not in the file; the message says why."""


@dataclass(frozen=True)
class Session:
    """A results file under the name that messages use.

    Attributes:
        name: of the file, for messages.
        results: as `benchmarks.results.file.load` reads it.
    """

    name: str
    results: "Results"


@dataclass(frozen=True)
class Case:
    """A model, and what it is compared with.

    Attributes:
        model: its block.
        session: that the block is of.
        parent: the block that drops are measured from, of the same session.
        before: the same model's block in the baseline.
        baseline: the baseline's session.
        confidence: of each bound.
        core: that instructions were counted for; None for figures of no core.
    """

    model: "ModelResult"
    session: Session
    parent: "ModelResult | None"
    before: "ModelResult | None"
    baseline: Session | None
    confidence: float
    core: str | None = None


def estimate(key: str, case: Case) -> Estimate:
    """Give the figure that a key of `rules.LIMITS` is about.

    Raises:
        UnmeasuredError: the session, or the baseline, did not measure it.
    """
    return _FIGURES[key](case)


def _block(model: "ModelResult", name: str, session: Session | None) -> Any:
    block = cast(Mapping[str, Any], model)[name]
    if block is None:
        where = f" in {session.name}" if session else ""
        raise UnmeasuredError(f"{model['name']} has no {name.replace('_', ' ')}{where}")
    return block


def _accuracy(case: Case) -> "Accuracy":
    found: Accuracy = _block(case.model, "accuracy", case.session)
    return found


def _before(case: Case, name: str) -> Any:
    assert case.before is not None  # the gate compares only what is in the baseline
    return _block(case.before, name, case.baseline)


def _parent(case: Case) -> "Accuracy":
    if case.parent is None:
        raise UnmeasuredError(f"{case.session.name} has no float parent of {case.model['name']}")
    found: Accuracy = _block(case.parent, "accuracy", case.session)
    return found


def _size(key: str) -> Callable[[Case], Estimate]:
    def figure(case: Case) -> Estimate:
        return exactly(_part(case.model, "size", key, case.session))

    return figure


def _part(model: "ModelResult", name: str, key: str, session: Session | None) -> Any:
    value = _block(model, name, session).get(key)
    if value is None:
        raise UnmeasuredError(f"{model['name']} has no {key}")
    return value


def _cold(key: str) -> Callable[[Case], Estimate]:
    def figure(case: Case) -> Estimate:
        return _with_interval(_part(case.model, "cold", key, case.session), "p50", "ci95")

    return figure


def _latency(key: str) -> Callable[[Case], Estimate]:
    def figure(case: Case) -> Estimate:
        return _with_interval(_block(case.model, "latency", case.session), key, f"{key}_ci95")

    return figure


def _with_interval(block: Mapping[str, Any], key: str, interval: str) -> Estimate:
    """Take a figure with the file's two-sided interval, which errs towards not complaining."""
    value = block[key]
    low, high = block.get(interval) or (value, value)
    return Estimate(value, min(low, value), max(high, value))


def _round_medians(model: "ModelResult", session: Session) -> tuple[NDArray[np.float64], ...]:
    """Give the round medians of a model and of the reference workload, in microseconds."""
    own = _block(model, "latency", session).get("round_medians_us")
    shared = _reference(session).get("round_medians_us")
    if not own or not shared:
        raise UnmeasuredError(f"{session.name} has no round medians: measure it again")
    if len(own) != len(shared):
        raise UnmeasuredError(f"{session.name}: {model['name']} lacks rounds of the reference")
    if len(own) < bootstrap.MIN_ROUNDS:
        raise UnmeasuredError(
            f"{session.name} has {len(own)} rounds, too few to tell noise from change: "
            f"measure with --rounds {bootstrap.MIN_ROUNDS} or more"
        )
    return np.array(own), np.array(shared)


def _reference(session: Session) -> "Latency":
    reference = session.results["reference"]
    if reference is None or reference["latency"] is None:
        raise UnmeasuredError(f"{session.name} has no reference workload: measure it again")
    return reference["latency"]


def _p50_to_reference(case: Case) -> Estimate:
    own, shared = _round_medians(case.model, case.session)
    return difference.to_reference(own, shared, confidence=case.confidence)


def _p99_to_reference(case: Case) -> Estimate:
    unit, own = _reference(case.session)["p50_us"], _latency("p99_us")(case)
    return Estimate(own.value / unit, own.low / unit, own.high / unit)


def _slower(case: Case) -> Estimate:
    assert case.before is not None and case.baseline is not None
    now = _round_medians(case.model, case.session)
    before = _round_medians(case.before, case.baseline)
    return difference.slow_down(
        (now[0], now[1]), (before[0], before[1]), confidence=case.confidence
    )


def _count(model: "ModelResult", case: Case, session: Session | None) -> "InstructionCount":
    """Find a model's count on the case's core."""
    for count in model["counts"]:
        if count["core"] == case.core:
            return count
    where = f" in {session.name}" if session else ""
    on = f" on {case.core}" if case.core else ""
    raise UnmeasuredError(f"{model['name']} has no count{on}{where}: measure it with --count")


def _counted(key: str) -> Callable[[Case], Estimate]:
    return lambda case: exactly(
        cast(Mapping[str, Any], _count(case.model, case, case.session))[key]
    )


def _estimated_cycles(case: Case) -> Estimate:
    block = _count(case.model, case, case.session)["estimate"]
    low, high = block["cycles_low"], block["cycles_high"]
    return Estimate((low + high) / 2, low, high)


def _more_instructions(case: Case) -> Estimate:
    assert case.before is not None
    now = _count(case.model, case, case.session)
    before = _count(case.before, case, case.baseline)
    return exactly(now["instructions"] / before["instructions"] - 1)


def _larger(case: Case) -> Estimate:
    return exactly(
        _block(case.model, "size", case.session)["bytes"] / _before(case, "size")["bytes"] - 1
    )


def _rss_growth(case: Case) -> Estimate:
    _before(case, "cold")
    assert case.before is not None
    now = _cold("peak_rss_kb")(case)
    before = _with_interval(_part(case.before, "cold", "peak_rss_kb", case.baseline), "p50", "ci95")
    return Estimate(
        now.value / before.value - 1, now.low / before.high - 1, now.high / before.low - 1
    )


_FIGURES: Mapping[str, Callable[[Case], Estimate]] = {
    "min_top1": lambda case: difference.top1(_accuracy(case), confidence=case.confidence),
    "min_top1_leak_free": lambda case: difference.top1(
        _block(case.model, "accuracy_leak_free", case.session), confidence=case.confidence
    ),
    "min_macro_f1": lambda case: difference.macro_f1(_accuracy(case), confidence=case.confidence),
    "max_ece": lambda case: exactly(_accuracy(case)["ece"]),
    "max_top1_drop": lambda case: difference.top1_loss(
        _accuracy(case), _parent(case), confidence=case.confidence
    ),
    "max_macro_f1_drop": lambda case: difference.macro_f1_loss(
        _accuracy(case), _parent(case), confidence=case.confidence
    ),
    "max_bytes": _size("bytes"),
    "max_gzip_bytes": _size("bytes_gzip"),
    "max_parameters": _size("parameters"),
    "max_multiply_adds": _size("multiply_adds"),
    "max_peak_rss_kb": _cold("peak_rss_kb"),
    "max_load_ms": _cold("load_ms"),
    "max_first_ms": _cold("first_ms"),
    "max_p50_us": _latency("p50_us"),
    "max_p90_us": _latency("p90_us"),
    "max_p99_us": _latency("p99_us"),
    "max_p50_to_reference": _p50_to_reference,
    "max_p99_to_reference": _p99_to_reference,
    "max_slower": _slower,
    "max_top1_loss": lambda case: difference.top1_loss(
        _accuracy(case), _before(case, "accuracy"), confidence=case.confidence
    ),
    "max_macro_f1_loss": lambda case: difference.macro_f1_loss(
        _accuracy(case), _before(case, "accuracy"), confidence=case.confidence
    ),
    "max_instructions": _counted("instructions"),
    "max_working_set_bytes": _counted("working_set_bytes"),
    "max_estimated_cycles": _estimated_cycles,
    "max_more_instructions": _more_instructions,
    "max_larger": _larger,
    "max_rss_growth": _rss_growth,
}
