"""Tables of counted instructions, with their captions."""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from benchmarks.results.types import FrameCount, InstructionCount, Results, StageCount

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
"""Columns shown on a terminal."""

KINDS = ("dot_product", "integer_multiply", "float_multiply", "load", "store", "other")


def rows(results: "Results") -> list[list[str]]:
    """Return the rows of the table with HEAD, core by core, in the order of the models."""
    cores = dict.fromkeys(count["core"] for model in results["models"] for count in model["counts"])
    return [_row(name, count, first) for core in cores for name, count, first in _of(results, core)]


def _of(results: "Results", core: str) -> list[tuple[str, "InstructionCount", "InstructionCount"]]:
    """Return each model's count on a core, with that of the first model."""
    found = [
        (model["name"], count)
        for model in results["models"]
        for count in model["counts"]
        if count["core"] == core
    ]
    return [(name, count, found[0][1]) for name, count in found]


def _row(name: str, count: "InstructionCount", first: "InstructionCount") -> list[str]:
    estimate, by_kind = count["estimate"], cast("dict[str, int]", count["by_kind"])
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
        *(f"{by_kind[kind] / 1e6:.2f}" for kind in KINDS),
        f"{count['working_set_bytes'] / 1000:.0f}",
        cycles,
        times,
    ]


FRAME_HEAD = ("board", "est. ms per frame", "frames per second", "M instructions")
"""First columns; the share of each stage in the estimated cycles follows."""


def frame_head(results: "Results") -> list[str]:
    """Return the head of the table of camera frames."""
    stages = results["frame_counts"][0]["stages"] if results["frame_counts"] else ()
    return [*FRAME_HEAD, *(f"{stage} %" for stage in stages)]


def frame_rows(results: "Results") -> list[list[str]]:
    """Return a row for each core and board, for the head of `frame_head`."""
    return [
        [
            f"{board['board'].removeprefix('Raspberry ')}, {count['core']}",
            interval(board["ms_low"], board["ms_high"], 0),
            interval(1000 / board["ms_high"], 1000 / board["ms_low"], 0),
            f"{count['instructions'] / 1e6:.0f}",
            *(_share(stage, count) for stage in stages_of(count).values()),
        ]
        for count in results["frame_counts"]
        for board in count["estimate"]["boards"]
    ]


def stages_of(count: "FrameCount") -> dict[str, "StageCount"]:
    """Return the stages by name, in the order of the loop."""
    return cast("dict[str, StageCount]", count["stages"])


def _share(stage: "StageCount", count: "FrameCount") -> str:
    whole = count["estimate"]["cycles_low"] + count["estimate"]["cycles_high"]
    return f"{100 * (stage['cycles_low'] + stage['cycles_high']) / whole:.1f}"


def frame_caption(results: "Results") -> str:
    """Describe the frames and how the figures were obtained."""
    count = results["frame_counts"][0]
    width, height = count["size"]
    often = "every frame" if count["every"] == 1 else f"every {count['every']} frames"
    return (
        f"A frame of {count['video']}, {width}x{height}, in the loop of the runner: JPEG decoding, "
        f"{count['detector']} in {often}, {count['model']}, JSON Lines; one thread. Instructions "
        "are counted; times are estimated, without memory stalls."
    )


def interval(low: float, high: float, digits: int = 2) -> str:
    """Format an estimate: one figure if the bounds are equal, otherwise both bounds."""
    first, last = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return first if first == last else f"{first} to {last}"


def caption(results: "Results") -> str:
    """Describe how the counts were obtained."""
    counts = [count for model in results["models"] for count in model["counts"]]
    runtimes = ", ".join(sorted({count["runtime"] for count in counts}))
    emulators = ", ".join(sorted({count["emulator"] for count in counts}))
    ways = ", ".join(sorted({f"{c['core']} by {c['estimate']['how']}" for c in counts}))
    return (
        f"One inference, one thread, {runtimes} under {emulators}. Instructions are counted, in "
        f"millions; cycles and times are estimated ({ways}), as if all data were in the "
        "level 1 cache."
    )
