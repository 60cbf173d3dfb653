"""Views of `results.json`: a Markdown report with its plots, and a table for the terminal."""

from benchmarks.report.markdown import write
from benchmarks.report.terminal import show

__all__ = ["show", "write"]
