"""The results as github-action-benchmark reads them, which plots them over the commits.

Its tools `customSmallerIsBetter` and `customBiggerIsBetter` take a JSON array of objects with
`name`, `unit`, `value` and optional `range` and `extra`
(https://github.com/benchmark-action/github-action-benchmark), so there is one file for each.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report.core import machine_title
from device.system.atomic_file import replacing

if TYPE_CHECKING:
    from benchmarks.results.types import Results

SMALLER = "benchmark-smaller-is-better.json"
BIGGER = "benchmark-bigger-is-better.json"


def write(results: "Results", folder: Path) -> list[Path]:
    """Write both files and return their paths; existing files are replaced."""
    paths = []
    for name, entries in ((SMALLER, smaller(results)), (BIGGER, bigger(results))):
        with replacing(folder / name) as partial:
            text = json.dumps(list(entries), indent=1, ensure_ascii=False, allow_nan=False)
            partial.write_text(text + "\n", encoding="utf-8")
        paths.append(folder / name)
    return paths


def smaller(results: "Results") -> Iterator[dict[str, Any]]:
    """Yield latency, size and memory, for which smaller is better.

    Set alerts on the ratio to the reference workload, because the machines of CI vary from day to
    day.
    """
    extra = f"{machine_title(results)}, {results['created_by']}"
    for model in results["models"]:
        name, latency, cold = model["name"], model["latency"], model["cold"]
        if latency:
            more = f"{extra}\nn {latency['n']}, p99 {latency['p99_us']:.1f} µs"
            yield _entry(f"{name}: p50", latency, "p50_us", "µs", more)
            if latency["ratio_to_reference"] is not None:
                yield _entry(f"{name}: p50 to reference", latency, "ratio_to_reference", "x", more)
        yield {"name": f"{name}: size", "unit": "bytes", "value": model["size"]["bytes"]}
        if cold and cold["peak_rss_kb"]:
            block = {"rss": cold["peak_rss_kb"]["p50"], "rss_ci95": cold["peak_rss_kb"]["ci95"]}
            yield _entry(f"{name}: peak RSS", block, "rss", "kB", extra)


def bigger(results: "Results") -> Iterator[dict[str, Any]]:
    """Yield the accuracies, for which bigger is better."""
    data = results["data"]
    for model in results["models"]:
        block = model["accuracy"]
        if block:
            extra = f"{block['n']} images of {data['name']}, split {data['split']}"
            yield _entry(f"{model['name']}: top-1", block, "top1", "%", extra, 100)
            yield _entry(f"{model['name']}: macro-F1", block, "macro_f1", "%", extra, 100)


def _entry(
    name: str, block: Mapping[str, Any], key: str, unit: str, extra: str, times: float = 1
) -> dict[str, Any]:
    entry = {"name": name, "unit": unit, "value": round(times * block[key], 4), "extra": extra}
    interval = block.get(f"{key}_ci95")
    if interval:
        entry["range"] = f"± {times * (interval[1] - interval[0]) / 2:.3g}"
    return entry
