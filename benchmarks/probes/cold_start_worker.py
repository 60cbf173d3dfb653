"""Load a model and run it once, in a process that `cold_start` starts."""

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import memory
from device.geometry import FACE_SIZE
from device.model.classifier import Classifier
from device.model.runtime import runtime_name

Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def main(path: str, threads: str, peer: str = "") -> None:
    """Load a model, classify one face, and print milliseconds and kB (1000 bytes) as JSON.

    Args:
        path: path of the model file.
        threads: number of threads of the interpreter.
        peer: specification of an external model as JSON; "" for others.
    """
    runtime_name()  # imports the runtime
    load = _loader(Path(path), int(threads), peer)
    face = np.zeros((FACE_SIZE, FACE_SIZE), np.uint8)
    bare = memory.resident()
    start = perf_counter_ns()
    classifier = load()
    loaded = perf_counter_ns()
    classifier(face)
    done = perf_counter_ns()
    figures = {
        "load_ms": (loaded - start) / 1e6,
        "first_ms": (done - loaded) / 1e6,
        "peak_rss_kb": memory.peak() / 1000,
        "runtime_rss_kb": bare / 1000,
    }
    print(json.dumps(figures))


def _loader(path: Path, threads: int, peer: str) -> Callable[[], Classify]:
    """Import what loads the model; the import is not timed."""
    if not peer:
        return lambda: Classifier(path, threads=threads)
    from benchmarks.models.external import ExternalModel
    from benchmarks.models.external_spec import Spec

    spec = Spec.from_description(json.loads(peer))
    return lambda: ExternalModel(path, spec, threads=threads)
