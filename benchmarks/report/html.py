"""The report as one HTML page that loads nothing from elsewhere and draws by its own script."""

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report.core import machine_title
from benchmarks.report.table import columns, conditions, notices
from device.system.atomic_file import replacing

if TYPE_CHECKING:
    from benchmarks.results.types import Results

NAME = "report.html"
PAGE = Path(__file__).parent / "page"
SCRIPTS = ("base.js", "pareto.js", "table.js", "model.js", "latency.js", "main.js")
"""Scripts in the order in which they depend on each other."""


def write(results: "Results", folder: Path) -> Path:
    """Write `report.html` and return its path; an existing file is replaced."""
    path = folder / NAME
    with replacing(path) as partial:
        partial.write_text(page(results), encoding="utf-8")
    return path


def page(results: "Results") -> str:
    """Compose the page; without JavaScript it shows the table."""
    heading = title(results)
    data = {
        "results": results,
        "notices": notices(results),
        "conditions": conditions(results),
        "title": heading,
        "subtitle": subtitle(results),
    }
    parts = {
        "title": escape(heading),
        "style": _read("page.css"),
        "table": _table(results),
        # "<" is escaped, because a "</script>" in a name would end the element.
        "data": json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
        "script": "\n".join(map(_read, SCRIPTS)),
    }
    text = _read("page.html")
    # The results are inserted last, so that nothing in them is taken for a placeholder.
    for name in ("style", "script", "table", "title", "data"):
        before, _, after = text.partition(f"{{{{{name}}}}}")
        text = before + parts[name] + after
    return text


def title(results: "Results") -> str:
    """Return the title: number of models and name of the machine."""
    count = len(results["models"])
    return f"{count} {'model' if count == 1 else 'models'} on {machine_title(results)}"


def subtitle(results: "Results") -> str:
    """Describe the images and the date."""
    data = results["data"]
    created = results["created"].replace("T", " ").replace("+00:00", " UTC")
    return f"{data['images']:,} images of {data['name']}, split {data['split']} · {created}"


def _table(results: "Results") -> str:
    shown = columns(results)
    head = "".join(f"<th>{escape(column.title)}</th>" for column in shown)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(column.cell(model))}</td>' for column in shown)}</tr>"
        for model in results["models"]
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _read(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8").rstrip("\n")
