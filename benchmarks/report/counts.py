"""The table of counted instructions, and the words that belong to it."""

from typing import Any

HEAD = (
    "core",
    "model",
    "M instructions",
    "x first",
    "dot product",
    "integer multiply",
    "float multiply",
    "load",
    "store",
    "other",
    "working set kB",
    "est. M cycles",
    "est. ms",
)
"""Instructions of each kind are in millions."""

BRIEF = ("core", "model", "M instructions", "x first", "est. M cycles", "est. ms")
"""What a terminal has room for."""

KINDS = ("dot_product", "integer_multiply", "float_multiply", "load", "store", "other")


def rows(results: dict[str, Any]) -> list[list[str]]:
    """Give the rows below HEAD, core by core, in the order of the models."""
    cores = dict.fromkeys(count["core"] for model in results["models"] for count in model["counts"])
    return [_row(name, count, first) for core in cores for name, count, first in _of(results, core)]


def _of(results: dict[str, Any], core: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give each model's count on a core, with that of the first model."""
    found = [
        (model["name"], count)
        for model in results["models"]
        for count in model["counts"]
        if count["core"] == core
    ]
    return [(name, count, found[0][1]) for name, count in found]


def _row(name: str, count: dict[str, Any], first: dict[str, Any]) -> list[str]:
    estimate = count["estimate"]
    cycles = interval(estimate["cycles_low"] / 1e6, estimate["cycles_high"] / 1e6)
    times = "; ".join(
        f"{board['board'].removeprefix('Raspberry ')} {interval(board['ms_low'], board['ms_high'])}"
        for board in estimate["boards"]
    )
    return [
        count["core"],
        name,
        f"{count['instructions'] / 1e6:.2f}",
        f"{count['instructions'] / first['instructions']:.2f}",
        *(f"{count['by_kind'][kind] / 1e6:.2f}" for kind in KINDS),
        f"{count['working_set_bytes'] / 1000:.0f}",
        cycles,
        times,
    ]


def interval(low: float, high: float) -> str:
    """Write an estimate: one figure, or both bounds."""
    return f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"


def caption(results: dict[str, Any]) -> str:
    """Say how the counts came about."""
    counts = [count for model in results["models"] for count in model["counts"]]
    runtimes = ", ".join(sorted({count["runtime"] for count in counts}))
    emulators = ", ".join(sorted({count["emulator"] for count in counts}))
    ways = ", ".join(sorted({f"{c['core']} by {c['estimate']['how']}" for c in counts}))
    return (
        f"One inference, one thread, {runtimes} under {emulators}. Instructions are counted, in "
        f"millions; cycles and times are estimated ({ways}), as if all data were in the "
        "first-level cache."
    )
