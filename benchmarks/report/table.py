"""What every view of the results says: the columns of the table, and the words around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SYNTHETIC = "Synthetic faces: this accuracy says nothing about people"
NOTHING = "–"


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        title: its head, with the unit.
        cell: the text for a model's block of `results.json`.
        brief: whether a terminal shows it too.
    """

    title: str
    cell: Callable[[dict[str, Any]], str]
    brief: bool = True


def _figure(block: str, key: str, show: Callable[[float], str]) -> Callable[[dict[str, Any]], str]:
    def cell(model: dict[str, Any]) -> str:
        if model[block] is None:
            return NOTHING
        text, interval = show(model[block][key]), model[block].get(f"{key}_ci95")
        return f"{text} [{', '.join(map(show, interval))}]" if interval else text

    return cell


def percent(fraction: float) -> str:
    """Write a fraction of 1 in percent, without the sign."""
    return f"{100 * fraction:.2f}"


def microseconds(value: float) -> str:
    """Write a time to three digits or more."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _kilobytes(count: float) -> str:
    return f"{count / 1000:.1f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


COLUMNS = (
    Column("model", lambda model: model["name"]),
    Column("labels", lambda model: model["head"], brief=False),
    Column("images", _figure("accuracy", "n", str), brief=False),
    Column("top-1 %", _figure("accuracy", "top1", percent)),
    Column("leak-free %", _figure("accuracy_leak_free", "top1", percent), brief=False),
    Column("macro precision %", _figure("accuracy", "macro_precision", percent), brief=False),
    Column("macro recall %", _figure("accuracy", "macro_recall", percent), brief=False),
    Column("macro F1 %", _figure("accuracy", "macro_f1", percent)),
    Column("ECE %", _figure("accuracy", "ece", percent), brief=False),
    Column("kB", _figure("size", "bytes", _kilobytes)),
    Column("kB gzip", _figure("size", "bytes_gzip", _kilobytes), brief=False),
    Column("p50 µs", _figure("latency", "p50_us", microseconds)),
    Column("p90 µs", _figure("latency", "p90_us", microseconds)),
    Column("p99 µs", _figure("latency", "p99_us", microseconds)),
    Column("x first", _figure("latency", "ratio_to_first", _ratio)),
)


def notices(results: dict[str, Any]) -> list[str]:
    """Give the lines that must stand above the figures, because these mislead without them."""
    lines = [f"{SYNTHETIC}."] if results["data"]["synthetic"] else []
    if results["partial"]:
        lines.append("Partial: the run was interrupted, and shows what was measured until then.")
    return lines


def conditions(results: dict[str, Any]) -> list[str]:
    """Give the sentences that say on what, where and how the figures were measured."""
    data, machine, protocol = results["data"], results["machine"], results["protocol"]
    known = [part for part in (machine["board"], machine["cpu"]) if part]
    place = ", ".join([*known, machine["architecture"], f"{machine['cores']} cores"])
    governor = f", governor {machine['governor']}" if machine["governor"] else ""
    load = (
        f", load {machine['load_before'][0]:.2f} before and {machine['load_after'][0]:.2f} after"
        if machine["load_before"] and machine["load_after"]
        else ""
    )
    runtimes = ", ".join(sorted({model["runtime"] for model in results["models"]}))
    threads = protocol["threads"]
    done = [model["latency"]["rounds"] for model in results["models"] if model["latency"]]
    leaks = (
        "" if data["leaked"] is None else f", {data['leaked']:,} of which also stand in training"
    )
    return [
        f"Images: {data['images']:,} of {data['name']}, split {data['split']}{leaks} "
        f"(data digest {data['digest'][:12]}); single crop, in brackets the 95 % interval.",
        f"Latency: one call from the face's pixels to the probabilities, "
        f"{max(done, default=0):,} rounds of {protocol['per_round']:,} calls a model, interleaved "
        f"in random order, {threads} {'thread' if threads == 1 else 'threads'}, {runtimes}; "
        f"`x first` is the ratio to the table's first model within a round.",
        f"Machine: {place}{governor}{load}; {machine['os']}, Python {machine['python']}.",
        f"Measured {results['created']} by {results['created_by']}.",
    ]
