"""Views of `results.json`: for the terminal, as Markdown, HTML, plots, CSV, and for GitHub."""

from benchmarks.report.terminal import show
from benchmarks.report.views import FORMATS, View, render, write

__all__ = ["FORMATS", "View", "render", "show", "write"]
