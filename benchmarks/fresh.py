"""One model loaded and run once in a process of its own; `benchmarks.cold` starts it."""

import json
from time import perf_counter_ns

import numpy as np

from benchmarks import memory
from device import interpreter


def main(path: str, threads: str) -> None:
    """Load a model, classify one face, print milliseconds and kB (1000 bytes) as JSON."""
    interpreter.runtime_name()  # imports the runtime
    face = np.zeros((interpreter.FACE_SIZE, interpreter.FACE_SIZE), np.uint8)
    bare = memory.resident()
    start = perf_counter_ns()
    classifier = interpreter.Classifier(path, threads=int(threads))
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
