"""Measure load time, first inference and memory of a model in fresh processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import progress
from benchmarks.machine import memory
from benchmarks.stats import bootstrap
from device.errors import InputError

if TYPE_CHECKING:
    from benchmarks.models.external_spec import Spec
    from benchmarks.results.types import ColdStart, Median

from benchmarks.backends.bootstrap import BOOTSTRAP

_TIMEOUT = 120  # seconds


def measure(
    path: Path, *, threads: int = 1, n: int = 7, peer: "Spec | None" = None, seed: int = 0
) -> "ColdStart | None":
    """Load a model and run it once, in one fresh process after another.

    Each process imports what a device needs, reads its memory use, opens the model file and
    classifies one face. One process before the first is not counted, so that the file is in the
    page cache for all of them.

    Args:
        path: `.tflite` file that `device.model.classifier.Classifier` can run, or that `peer`
            describes.
        threads: number of threads of the interpreter.
        n: number of processes, at least 1.
        peer: specification of an external model; None for others.
        seed: RNG seed of the bootstrap.

    Returns:
        The `cold` block of `results.json`: milliseconds from the path to a ready model (`load_ms`)
        and of the first call (`first_ms`), peak resident memory in kB (1000 bytes), and in
        `runtime_rss_kb` the memory with the runtime alone. None if the system does not report
        memory (not Linux).

    Raises:
        InputError: the model cannot be run.
    """
    if not memory.STATUS.is_file():
        progress.skipped("cold starts", path, "this system does not report the memory of a process")
        return None
    arguments = [str(path), str(threads)]
    if peer is not None:
        arguments.append(json.dumps(peer.describe()))
    _start(path, arguments)
    runs = [_start(path, arguments) for _ in range(n)]

    def block(name: str) -> "Median":
        values = np.array([run[name] for run in runs])
        return {
            "p50": float(np.median(values)),
            "ci95": bootstrap.median_interval(values, seed),
        }

    return {
        "kind": "measured",
        "n": n,
        "load_ms": block("load_ms"),
        "first_ms": block("first_ms"),
        "peak_rss_kb": block("peak_rss_kb"),
        "runtime_rss_kb": round(float(np.median([run["runtime_rss_kb"] for run in runs]))),
    }


def _start(path: Path, arguments: list[str]) -> dict[str, float]:
    command = [
        sys.executable,
        "-P",
        str(BOOTSTRAP),
        "benchmarks.probes.cold_start_worker",
        *arguments,
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path} was not loaded and run within {_TIMEOUT} s") from None
    if done.returncode:
        reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        named = reason[-1].startswith(str(path))
        raise InputError(reason[-1] if named else f"{path} in a separate process: {reason[-1]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
