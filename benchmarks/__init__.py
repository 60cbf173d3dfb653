"""Measure: `.tflite` files and labeled images in, `results.json` and reports out."""

from typing import Any

__all__ = ["BenchmarkConfig", "run"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the worker processes of a backend import this package, too, and need
    # nothing of a session.
    if name == "BenchmarkConfig":
        from benchmarks.config import BenchmarkConfig

        return BenchmarkConfig
    if name == "run":
        from benchmarks.session.session import run

        return run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
