"""The report as Markdown: the main table, the plots, and the other measurements."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.report import counts, plots
from benchmarks.report.core import machine_title
from benchmarks.report.table import (
    NOTHING,
    columns,
    conditions,
    configurations,
    microseconds,
    notices,
)
from device.system.atomic_file import replacing

if TYPE_CHECKING:
    from benchmarks.results.types import Results

NAME = "report.md"
NO_PLOTS = "No plots: matplotlib is not installed here (`pip install 'fer-edge[plot]'`)."


def write(results: "Results", folder: Path, plots_drawn: Sequence[Path] = ()) -> Path:
    """Write `report.md` with links to plots in the same folder.

    Args:
        results: results of a session.
        folder: folder of the file, created if missing; an existing report is replaced.
        plots_drawn: paths of the plots, PNG or SVG.

    Returns:
        Path of `report.md`.
    """
    parts = [text(results), *_images(plots_drawn)]
    if not plots_drawn and not plots.available():
        parts.append(NO_PLOTS)
    path = folder / NAME
    with replacing(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def text(results: "Results") -> str:
    """Format everything except the plots, as for a step summary."""
    parts = [
        f"# Benchmark on {machine_title(results)}",
        *(f"**{line}**" for line in notices(results)),
        _models(results),
    ]
    parts.append("\n".join(f"- {line}" for line in conditions(results)))
    sections = {
        "Threads and backends": _sweep(results),
        "Instructions on other cores": _counts(results),
        "Camera frame": _frame(results),
        "Camera frame on other cores": _frame_counts(results),
    }
    for heading, body in sections.items():
        if body:
            parts += [f"## {heading}", body]
    return "\n\n".join(parts)


def table(head: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table.

    Args:
        head: title and alignment ("" for left, or "right") of each column.
        rows: cells of each row; vertical bars in them are escaped.
    """
    lines = [
        [title for title, _ in head],
        ["---:" if alignment == "right" else "---" for _, alignment in head],
        *([cell.replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _models(results: "Results") -> str:
    """Format the main table, without columns that are empty for all models."""
    shown = columns(results)
    return table(
        [(column.title, "right" if i else "") for i, column in enumerate(shown)],
        [[column.cell(model) for column in shown] for model in results["models"]],
    )


def _sweep(results: "Results") -> str:
    """Format a table of p50 by model and configuration."""
    found: dict[str, dict[str, float]] = {}
    for model in results["models"]:
        for way in configurations(model, results):
            if way["latency"]:
                parts = (way["backend"], way["resolver"], f"{way['threads']} threads")
                name = ", ".join(part for part in parts if part)
                found.setdefault(name, {})[model["name"]] = way["latency"]["p50_us"]
    if len(found) < 2:
        return ""
    rows = [
        [model["name"], *(_known(ways.get(model["name"])) for ways in found.values())]
        for model in results["models"]
    ]
    return "p50 in µs.\n\n" + table(
        [("model", ""), *((way.replace(" 1 threads", " 1 thread"), "right") for way in found)],
        rows,
    )


def _known(time: float | None) -> str:
    return NOTHING if time is None else microseconds(time)


def _counts(results: "Results") -> str:
    rows = counts.rows(results)
    if not rows:
        return ""
    head = [
        (title, "" if title in ("core", "model", "est. ms") else "right") for title in counts.HEAD
    ]
    return f"{counts.caption(results)}\n\n{table(head, rows)}"


def _frame_counts(results: "Results") -> str:
    if not results["frame_counts"]:
        return ""
    head = [(title, "right" if i else "") for i, title in enumerate(counts.frame_head(results))]
    return f"{counts.frame_caption(results)}\n\n{table(head, counts.frame_rows(results))}"


def _frame(results: "Results") -> str:
    frame = results["frame"]
    if not frame:
        return ""
    quantiles = ("p50_us", "p90_us", "p99_us")
    line = (
        f"{frame['frames']:,} frames of {frame['video']}, detector {frame['detector']}, "
        f"classifier {frame['model']}; µs.\n\n"
    )
    return line + table(
        [("stage", ""), *((key.removesuffix("_us"), "right") for key in quantiles)],
        [
            [stage, *(microseconds(block[key]) for key in quantiles)]
            for stage, block in cast("dict[str, dict[str, float]]", frame["stages"]).items()
        ],
    )


def _images(drawn: Sequence[Path]) -> Iterator[str]:
    """Yield each plot once, under the heading of its kind."""
    heading = ""
    for path in drawn:
        kind = "Accuracy against latency"
        if path.stem.startswith(plots.CONFUSION):
            kind = "Confusion matrices"
        if kind != heading:
            heading = kind
            yield f"## {kind}"
        yield f"![{path.stem.replace('_', ' ', 1)}]({path.name})"
