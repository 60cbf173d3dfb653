"""Functions that compute a limited figure of a model, with its bounds.

Each takes a `Case` and raises `UnmeasuredError` if one of the files lacks what it needs.
`limits.LIMITS` names them.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from benchmarks.gate import difference
from benchmarks.gate.case import Case
from benchmarks.stats.estimate import Estimate, exactly

Figure = Callable[[Case], Estimate]


def top1(case: Case) -> Estimate:
    """Top-1, with Wilson bounds."""
    return difference.top1(case.now.accuracy, confidence=case.confidence)


def top1_leak_free(case: Case) -> Estimate:
    """Top-1 without the images that leaked from the training split."""
    return difference.top1(case.now.block("accuracy_leak_free"), confidence=case.confidence)


def macro_f1(case: Case) -> Estimate:
    """Macro-F1, with bootstrap bounds."""
    return difference.macro_f1(case.now.accuracy, confidence=case.confidence)


def ece(case: Case) -> Estimate:
    """Expected calibration error, without an interval."""
    return exactly(case.now.accuracy["ece"])


def top1_drop(case: Case) -> Estimate:
    """Top-1 of the parent minus that of the model."""
    return difference.top1_loss(case.now.accuracy, case.parent.accuracy, confidence=case.confidence)


def macro_f1_drop(case: Case) -> Estimate:
    """Macro-F1 of the parent minus that of the model."""
    return difference.macro_f1_loss(
        case.now.accuracy, case.parent.accuracy, confidence=case.confidence
    )


def top1_loss(case: Case) -> Estimate:
    """Top-1 in the baseline minus that now."""
    before = case.in_baseline
    return difference.top1_loss(case.now.accuracy, before.accuracy, confidence=case.confidence)


def macro_f1_loss(case: Case) -> Estimate:
    """Macro-F1 in the baseline minus that now."""
    before = case.in_baseline
    return difference.macro_f1_loss(case.now.accuracy, before.accuracy, confidence=case.confidence)


def size(key: str) -> Figure:
    """Return the function for one key of the `size` block, which has no noise."""
    return lambda case: exactly(case.now.value("size", key))


def cold_start(key: str) -> Figure:
    """Return the function for one key of the `cold` block."""
    return lambda case: _with_interval(case.now.value("cold", key), "p50", "ci95")


def latency(key: str) -> Figure:
    """Return the function for one key of the `latency` block."""
    return lambda case: _with_interval(case.now.block("latency"), key, f"{key}_ci95")


def counted(key: str) -> Figure:
    """Return the function for one key of the instruction count, which has no noise."""
    return lambda case: exactly(cast(Mapping[str, Any], case.now.count(case.core))[key])


def p50_to_reference(case: Case) -> Estimate:
    """Median latency as a multiple of the reference workload's."""
    return difference.to_reference(*case.now.round_medians(), confidence=case.confidence)


def p99_to_reference(case: Case) -> Estimate:
    """99th percentile of the latency as a multiple of the reference workload's median."""
    unit, own = case.now.session.reference["p50_us"], latency("p99_us")(case)
    return Estimate(own.value / unit, own.low / unit, own.high / unit)


def slow_down(case: Case) -> Estimate:
    """Relative increase of the latency since the baseline; 0.05 is 5 % slower."""
    before = case.in_baseline
    return difference.slow_down(
        case.now.round_medians(), before.round_medians(), confidence=case.confidence
    )


def estimated_cycles(case: Case) -> Estimate:
    """Middle of the estimated range of cycles, with the ends of the range as bounds."""
    block = case.now.count(case.core)["estimate"]
    low, high = block["cycles_low"], block["cycles_high"]
    return Estimate((low + high) / 2, low, high)


def instruction_growth(case: Case) -> Estimate:
    """Relative increase of the instructions since the baseline."""
    before = case.in_baseline
    now = case.now.count(case.core)["instructions"]
    return exactly(now / before.count(case.core)["instructions"] - 1)


def size_growth(case: Case) -> Estimate:
    """Relative increase of the file size since the baseline."""
    before = case.in_baseline
    return exactly(case.now.block("size")["bytes"] / before.block("size")["bytes"] - 1)


def rss_growth(case: Case) -> Estimate:
    """Relative increase of the peak RSS since the baseline."""
    earlier = case.in_baseline
    before = _with_interval(earlier.value("cold", "peak_rss_kb"), "p50", "ci95")
    now = cold_start("peak_rss_kb")(case)
    return Estimate(
        now.value / before.value - 1, now.low / before.high - 1, now.high / before.low - 1
    )


def _with_interval(block: Mapping[str, Any], key: str, interval: str) -> Estimate:
    """Read a figure with the two-sided interval of the file, which is wider than one-sided bounds.

    So a check on it fails less often than its confidence says, never more often.
    """
    value = block[key]
    low, high = block.get(interval) or (value, value)
    return Estimate(value, min(low, value), max(high, value))
