"""Write the views of a results file."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import csv, github_action, github_summary, html, markdown, plots

if TYPE_CHECKING:
    from benchmarks.results.types import Results


class View(StrEnum):
    """A file format of a view."""

    md = "md"
    html = "html"
    png = "png"
    svg = "svg"
    csv = "csv"
    github = "github"
    """The two JSON files that github-action-benchmark reads."""


FORMATS = (View.md, View.html, View.png, View.csv, View.github)
"""Default views."""


def render(
    results: "Results", folder: Path, formats: Iterable[View] = FORMATS
) -> dict[View, list[Path]]:
    """Write views of results; existing files of the same names are replaced.

    Without matplotlib the plots are left out. In a step of GitHub Actions the Markdown is also
    appended to the step summary.

    Args:
        results: results of a session.
        folder: folder of the files, created if missing.
        formats: views to write.

    Returns:
        Files of each view that was written.
    """
    wanted = list(dict.fromkeys(formats))
    written: dict[View, list[Path]] = {}
    kinds = [view for view in wanted if view in (View.png, View.svg)]
    if kinds and plots.available():
        drawn = plots.write(results, folder, kinds)
        written |= {kind: [path for path in drawn if path.suffix == f".{kind}"] for kind in kinds}
    if View.md in wanted:
        shown = next(iter(written.values()), [])
        written[View.md] = [markdown.write(results, folder, shown)]
        github_summary.append(markdown.text(results))
    if View.html in wanted:
        written[View.html] = [html.write(results, folder)]
    if View.csv in wanted:
        written[View.csv] = [csv.write(results, folder)]
    if View.github in wanted:
        written[View.github] = github_action.write(results, folder)
    return written


def write(results: "Results", folder: Path) -> Path:
    """Write the views of FORMATS (see `render`) and return the path of `report.md`."""
    return render(results, folder)[View.md][0]
