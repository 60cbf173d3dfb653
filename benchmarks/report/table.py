"""The columns of the main table and the sentences around it, shared by all views."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from benchmarks.report.core import slower_int8

if TYPE_CHECKING:
    from benchmarks.results.types import Median, ModelResult, Results

SYNTHETIC = "Synthetic faces: this accuracy does not apply to people"
NOTHING = "–"


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        title: heading, with the unit.
        cell: function from a model's block of `results.json` to the text of the cell.
        brief: whether a terminal shows the column.
        interval: whether a terminal shows its interval.
    """

    title: str
    cell: Callable[["ModelResult"], str]
    brief: bool = True
    interval: bool = False


def _figure(block: str, key: str, show: Callable[[float], str]) -> Callable[["ModelResult"], str]:
    def cell(model: "ModelResult") -> str:
        found = cast("Mapping[str, Any]", model).get(block)
        if found is None or found.get(key) is None:
            return NOTHING
        text, interval = show(found[key]), found.get(f"{key}_ci95")
        return f"{text} [{', '.join(map(show, interval))}]" if interval else text

    return cell


def _cold(key: str, show: Callable[[float], str]) -> Callable[["ModelResult"], str]:
    def cell(model: "ModelResult") -> str:
        found = cast("Mapping[str, Median]", model["cold"] or {}).get(key)
        return show(found["p50"]) if found else NOTHING

    return cell


def precision(model: "ModelResult") -> str:
    """Return the precision; results of schema 1.0 have only that of the input."""
    return model.get("precision") or model["input_dtype"]


def percent(fraction: float) -> str:
    """Format a fraction of 1 in percent, without the sign."""
    return f"{100 * fraction:.2f}"


def microseconds(value: float) -> str:
    """Format a time in microseconds with at least three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _kilobytes(count: float) -> str:
    return f"{count / 1000:.1f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _millions(value: float) -> str:
    return f"{value / 1e6:.1f}"


def milliseconds(value: float) -> str:
    """Format a time in milliseconds."""
    return f"{value:.2f}"


COLUMNS = (
    Column("model", lambda model: model["name"]),
    Column("labels", lambda model: model["head"], brief=False),
    Column("precision", precision, brief=False),
    Column("images", _figure("accuracy", "n", str), brief=False),
    Column("top-1 %", _figure("accuracy", "top1", percent), interval=True),
    Column("leak-free %", _figure("accuracy_leak_free", "top1", percent), brief=False),
    Column("macro precision %", _figure("accuracy", "macro_precision", percent), brief=False),
    Column("macro recall %", _figure("accuracy", "macro_recall", percent), brief=False),
    Column("macro F1 %", _figure("accuracy", "macro_f1", percent)),
    Column("ECE %", _figure("accuracy", "ece", percent), brief=False),
    Column("kB", _figure("size", "bytes", _kilobytes)),
    Column("kB gzip", _figure("size", "bytes_gzip", _kilobytes), brief=False),
    Column("M mult-adds", _figure("size", "multiply_adds", _millions), brief=False),
    Column("p50 µs", _figure("latency", "p50_us", microseconds), interval=True),
    Column("p90 µs", _figure("latency", "p90_us", microseconds)),
    Column("p99 µs", _figure("latency", "p99_us", microseconds)),
    Column("x first", _figure("latency", "ratio_to_first", _ratio)),
    Column("x reference", _figure("latency", "ratio_to_reference", _ratio), brief=False),
    Column("load ms", _cold("load_ms", milliseconds), brief=False),
    Column("first ms", _cold("first_ms", milliseconds), brief=False),
    Column("peak RSS MB", _cold("peak_rss_kb", _kilobytes), brief=False),
)


def columns(results: "Results", *, brief: bool = False) -> list[Column]:
    """Select the columns that have a figure for at least one model.

    Args:
        results: results of a session.
        brief: whether to select only the columns of a terminal.
    """
    return [
        column
        for column in COLUMNS
        if (column.brief or not brief)
        and any(column.cell(model) != NOTHING for model in results["models"])
    ]


def notices(results: "Results") -> list[str]:
    """Return the warnings to show above the figures, which are misleading without them."""
    classified = any(model["accuracy"] for model in results["models"])
    lines = [f"{SYNTHETIC}."] if results["data"]["synthetic"] and classified else []
    if results["partial"]:
        lines.append("Partial: the run was interrupted; figures are those until then.")
    for mark in results["machine"]["marks"]:
        lines.append(f"Marked: {mark['text']}.")
    return lines + [f"{line}." for line in slower_int8(results)]


def threads_of(results: "Results") -> int:
    """Return the number of threads of the main figures."""
    return results["protocol"]["threads"][0]


def configurations(model: "ModelResult", results: "Results") -> Iterator["Mapping[str, Any]"]:
    """Yield the configurations in which a model was timed, the main one first.

    Yields:
        `backend`, `resolver`, `threads` and the `latency` block; None if it was not reached.
    """
    yield {
        "backend": results["protocol"]["backend"],
        "resolver": "xnnpack" if model["delegated"] else "builtin",
        "threads": threads_of(results),
        "latency": model["latency"],
    }
    yield from cast("list[Mapping[str, Any]]", model["sweep"])


def _people(results: "Results") -> str:
    """What the intervals of accuracy draw, where the data names persons."""
    found = [model["accuracy"] for model in results["models"] if model["accuracy"]]
    people = max((one.get("subjects", 0) for one in found), default=0)
    return f", that of top-1 over {people:,} persons drawn whole" if people else ""


def conditions(results: "Results") -> list[str]:
    """Return sentences on the data, the machine and the protocol of the measurement."""
    data, machine, protocol = results["data"], results["machine"], results["protocol"]
    known = [part for part in (machine["board"], machine["cpu"]) if part]
    core = [part for part in (machine["microarchitecture"],) if part]
    kind = f"core class {machine['core_class']}"
    place = ", ".join([*known, machine["architecture"], *core, kind, f"{machine['cores']} cores"])
    governor = f", governor {machine['governor']}" if machine["governor"] else ""
    before, after = machine["before"]["load"], machine["after"] and machine["after"]["load"]
    load = f", load {before[0]:.2f} before and {after[0]:.2f} after" if before and after else ""
    runtimes = ", ".join(sorted({model["runtime"] for model in results["models"]}))
    threads = threads_of(results)
    done = [model["latency"]["rounds"] for model in results["models"] if model["latency"]]
    leaks = (
        ""
        if data["leaked"] is None
        else f", {data['leaked']:,} of which are also in the training split"
    )
    lines = []
    if any(model["accuracy"] for model in results["models"]):
        lines.append(
            f"Images: {data['images']:,} of {data['name']}, split {data['split']}{leaks} "
            f"(data digest {data['digest'][:12]}); single crop; 95 % intervals in brackets"
            f"{_people(results)}."
        )
    if "prior" in protocol:
        lines.append(f"Accuracy is for the class prior {protocol['prior']}, not that of training.")
    if done:
        lines.append(
            f"Latency: one call from the pixels to the probabilities, {max(done):,} rounds of "
            f"{protocol['per_round']:,} calls of each model, interleaved in random order, "
            f"{threads} {'thread' if threads == 1 else 'threads'}, {runtimes}; `x first` is the "
            "ratio to the first model of the table within a round, `x reference` that to the "
            "reference workload."
        )
    return [
        *lines,
        f"Machine: {place}{governor}{load}; {machine['os']}, Python {machine['python']}.",
        f"Measured {results['created']} by {results['created_by']}.",
    ]
