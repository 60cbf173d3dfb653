"""The report as Markdown: one table, the plots beside it."""

from pathlib import Path
from typing import Any

from benchmarks.report import plots
from benchmarks.report.table import COLUMNS, conditions, notices
from device.files import replacing

REPORT = "report.md"
NO_PLOTS = "No plots: matplotlib is not installed here (`pip install matplotlib`)."


def write(results: dict[str, Any], folder: Path) -> Path:
    """Write `report.md`, `pareto.png` and a `confusion_NAME.png` for each model.

    A model that an interrupted run did not reach has no plot; without matplotlib there is none,
    and the report says so.

    Args:
        results: as `benchmarks.run` returns or `benchmarks.results.load` reads them.
        folder: made where it is missing; files of these names in it are replaced.

    Returns:
        The path of `report.md`.
    """
    parts = ["# Benchmark", *(f"**{line}**" for line in notices(results)), _table(results)]
    parts.append("\n".join(f"- {line}" for line in conditions(results)))
    parts += _plots(results, folder) if plots.available() else [NO_PLOTS]
    report = folder / REPORT
    with replacing(report) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return report


def _plots(results: dict[str, Any], folder: Path) -> list[str]:
    """Draw what there is to draw; returns the paragraphs that show it."""
    parts = []
    if plots.on_the_map(results):
        plots.pareto(results, folder / "pareto.png")
        parts += ["## Accuracy against latency", "![Accuracy against latency](pareto.png)"]
    classified = [model for model in results["models"] if model["accuracy"]]
    if classified:
        parts.append("## Confusion matrices")
    for model in classified:
        name = f"confusion_{model['name']}.png"
        plots.confusion(model, results, folder / name)
        parts.append(f"![Confusion matrix of {model['name']}]({name})")
    return parts


def _table(results: dict[str, Any]) -> str:
    rows = [
        [column.title for column in COLUMNS],
        ["---", *("---:" for _ in COLUMNS[1:])],
        *([column.cell(model) for column in COLUMNS] for model in results["models"]),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
