"""Measure: `.tflite` files and labelled images in, `results.json` and reports out."""

from benchmarks.session.session import run

__all__ = ["run"]
