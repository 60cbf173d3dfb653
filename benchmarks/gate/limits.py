"""The limits that a rule may set: one entry for each key of a rules file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.gate import figures
from benchmarks.gate.figures import Figure


class Side(StrEnum):
    """Whether a limit is a lower bound (floor) or an upper bound (ceiling)."""

    floor = "floor"
    ceiling = "ceiling"


class Unit(StrEnum):
    """Unit in which a figure is printed."""

    percent = "%"
    points = "points"
    bytes = "bytes"
    kilobytes = "kB"
    number = ""
    microseconds = "µs"
    milliseconds = "ms"
    times = "x"


class Against(StrEnum):
    """What a change is relative to."""

    parent = "parent"
    """The float model of the same session."""
    baseline = "baseline"
    """The same model in the baseline."""


@dataclass(frozen=True)
class Limit:
    """One key of a rules file.

    Attributes:
        label: name of the figure in messages.
        unit: unit of the figure in messages; limits themselves are fractions of 1, bytes, kB,
            microseconds, milliseconds or plain numbers.
        figure: function that computes the figure of a model.
        side: floor or ceiling.
        highest: largest limit that makes sense.
        against: what the change is relative to; None for an absolute figure.
        preposition: word between the figure and what it is compared with.
        each_core: whether there is one figure for each core that instructions were counted for.
    """

    label: str
    unit: Unit
    figure: Figure
    side: Side = Side.ceiling
    highest: float = math.inf
    against: Against | None = None
    preposition: str = "against"
    each_core: bool = False

    @property
    def needs_baseline(self) -> bool:
        """Whether the figure is a change from the baseline."""
        return self.against is Against.baseline


def _accuracy(label: str, figure: Figure) -> Limit:
    return Limit(label, Unit.percent, figure, Side.floor, highest=1.0)


def _decrease(label: str, figure: Figure, against: Against) -> Limit:
    return Limit(label, Unit.points, figure, highest=1.0, against=against)


def _increase(label: str, figure: Figure, preposition: str = "than") -> Limit:
    return Limit(label, Unit.percent, figure, against=Against.baseline, preposition=preposition)


def _count(label: str, unit: Unit, figure: Figure) -> Limit:
    return Limit(label, unit, figure, each_core=True)


LIMITS: Mapping[str, Limit] = {
    "min_top1": _accuracy("top-1", figures.top1),
    "min_top1_leak_free": _accuracy("leak-free top-1", figures.top1_leak_free),
    "min_macro_f1": _accuracy("macro-F1", figures.macro_f1),
    "max_ece": Limit("calibration error", Unit.percent, figures.ece, highest=1.0),
    "max_top1_drop": _decrease("top-1 below its parent", figures.top1_drop, Against.parent),
    "max_macro_f1_drop": _decrease(
        "macro-F1 below its parent", figures.macro_f1_drop, Against.parent
    ),
    "max_bytes": Limit("file size", Unit.bytes, figures.size("bytes")),
    "max_gzip_bytes": Limit("gzipped size", Unit.bytes, figures.size("bytes_gzip")),
    "max_parameters": Limit("parameters", Unit.number, figures.size("parameters")),
    "max_multiply_adds": Limit("multiply-adds", Unit.number, figures.size("multiply_adds")),
    "max_peak_rss_kb": Limit("peak RSS", Unit.kilobytes, figures.cold_start("peak_rss_kb")),
    "max_load_ms": Limit("load time", Unit.milliseconds, figures.cold_start("load_ms")),
    "max_first_ms": Limit("first inference", Unit.milliseconds, figures.cold_start("first_ms")),
    "max_p50_us": Limit("p50", Unit.microseconds, figures.latency("p50_us")),
    "max_p90_us": Limit("p90", Unit.microseconds, figures.latency("p90_us")),
    "max_p99_us": Limit("p99", Unit.microseconds, figures.latency("p99_us")),
    "max_p50_to_reference": Limit(
        "p50 to the reference workload's", Unit.times, figures.p50_to_reference
    ),
    "max_p99_to_reference": Limit(
        "p99 to the reference workload's p50", Unit.times, figures.p99_to_reference
    ),
    "max_slower": _increase("slower", figures.slow_down),
    "max_top1_loss": _decrease("top-1 lost", figures.top1_loss, Against.baseline),
    "max_macro_f1_loss": _decrease("macro-F1 lost", figures.macro_f1_loss, Against.baseline),
    "max_larger": _increase("larger", figures.size_growth),
    "max_rss_growth": _increase("more peak RSS", figures.rss_growth, preposition="against"),
    "max_instructions": _count("instructions", Unit.number, figures.counted("instructions")),
    "max_working_set_bytes": _count(
        "working set", Unit.bytes, figures.counted("working_set_bytes")
    ),
    "max_estimated_cycles": _count("estimated cycles", Unit.number, figures.estimated_cycles),
    "max_more_instructions": Limit(
        "more instructions",
        Unit.percent,
        figures.instruction_growth,
        against=Against.baseline,
        preposition="than",
        each_core=True,
    ),
}
"""Every limit that a rule may set. The default limits are in `default_rules.toml`."""


def limit(key: str) -> Limit:
    """Look up a key of a rule; KEY.CORE is KEY limited on one core."""
    return LIMITS[key.partition(".")[0]]
