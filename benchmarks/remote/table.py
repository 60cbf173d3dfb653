"""A table of results from several hosts."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.remote.fleet import Outcome
from device.system.terminal import verbatim

NOTHING = "–"
_HEADS = ("host", "machine", "model", "top-1 %", "p50 µs", "p99 µs", "x reference", "°C", "marks")


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print a row for each model of each host that was measured."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, head in enumerate(_HEADS):
        table.add_column(head, justify="right" if 3 <= i <= 7 else "left", no_wrap=i in (0, 2))
    for outcome in outcomes:
        if outcome.results:
            for row in rows(outcome):
                table.add_row(*map(verbatim, row))
    if table.row_count:
        console.print(table)
        console.print(
            "Compare machines by `x reference`, the ratio to the reference workload in the same "
            "rounds. It is comparable within a core class (in brackets).",
            style="dim",
            highlight=False,
            markup=False,
        )


def rows(outcome: Outcome) -> list[list[str]]:
    """Return the cells of a host, one row for each of its models."""
    results: Mapping[str, Any] = outcome.results or {"machine": {}, "models": []}
    machine = results["machine"]
    name = machine.get("board") or machine.get("cpu") or machine.get("architecture") or NOTHING
    if core := machine.get("core_class"):
        name = f"{name} ({core})"
    marks = sorted({mark["what"] for mark in machine.get("marks") or ()})
    if results.get("partial"):
        marks.append("partial")
    return [
        [
            str(outcome.host) if not i else "",
            name if not i else "",
            model["name"],
            _figure(model["accuracy"], "top1", lambda share: f"{100 * share:.2f}"),
            _figure(model["latency"], "p50_us", _microseconds),
            _figure(model["latency"], "p99_us", _microseconds),
            _figure(model["latency"], "ratio_to_reference", lambda ratio: f"{ratio:.2f}"),
            _temperature(machine) if not i else "",
            ", ".join(marks) if not i else "",
        ]
        for i, model in enumerate(results["models"])
    ]


def _figure(block: dict[str, Any] | None, key: str, show: Any) -> str:
    value = (block or {}).get(key)
    return NOTHING if value is None else show(value)


def _microseconds(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _temperature(machine: Mapping[str, Any]) -> str:
    """Format the temperatures before and after the run, such as `48 to 71`."""
    found = [(machine.get(when) or {}).get("temperature_c") for when in ("before", "after")]
    known = [f"{value:.0f}" for value in found if value is not None]
    return " to ".join(known) or NOTHING
