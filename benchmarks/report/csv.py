"""The results as CSV: one row for each configuration in which a model was timed."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report.table import configurations, precision
from device.system.atomic_file import replacing

if TYPE_CHECKING:
    from benchmarks.results.types import Results

NAME = "results.csv"
SIZE = ("bytes", "bytes_gzip", "parameters", "multiply_adds")
COLD = ("load_ms", "first_ms", "peak_rss_kb")


def write(results: "Results", folder: Path) -> Path:
    """Write `results.csv`; an existing file is replaced.

    Rates are fractions of 1, times are in the unit of the column name, and cells without a
    measurement are empty. Figures that do not depend on threads and backend are repeated in each
    row of a model.

    Args:
        results: results of a session.
        folder: folder of the file.

    Returns:
        Path of the file.
    """
    path = folder / NAME
    found = list(rows(results))
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]) if found else [])
        writer.writeheader()
        writer.writerows(found)
    return path


def rows(results: "Results") -> Iterator[dict[str, Any]]:
    """Yield the rows, all with the same columns."""
    for model in results["models"]:
        own = {
            "model": model["name"],
            "labels": model["head"],
            "precision": precision(model),
            "images": _at(model, "accuracy", "n"),
            **_with_interval(model["accuracy"], "top1"),
            "top1_leak_free": _at(model, "accuracy_leak_free", "top1"),
            "macro_f1": _at(model, "accuracy", "macro_f1"),
            "ece": _at(model, "accuracy", "ece"),
            **{key: model["size"].get(key) for key in SIZE},
            **{key: _at(model, "cold", key, "p50") for key in COLD},
        }
        for way in configurations(model, results):
            latency = way["latency"]
            yield {
                **own,
                **{key: way[key] for key in ("backend", "resolver", "threads")},
                "calls": latency and latency["n"],
                "rounds": latency and latency["rounds"],
                **_with_interval(latency, "p50_us"),
                **_with_interval(latency, "p90_us"),
                **_with_interval(latency, "p99_us"),
                **_with_interval(latency, "ratio_to_first"),
                **_with_interval(latency, "ratio_to_reference"),
                "marked": latency and latency.get("marked"),
            }


def _at(block: Any, *keys: str) -> Any:
    for key in keys:
        if block is None:
            return None
        block = block.get(key)
    return block


def _with_interval(block: Mapping[str, Any] | None, key: str) -> dict[str, Any]:
    low, high = _at(block, f"{key}_ci95") or (None, None)
    return {key: _at(block, key), f"{key}_low": low, f"{key}_high": high}
