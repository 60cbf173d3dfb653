"""Minimal results of a session, built without running one."""

import numpy as np

from benchmarks.latency import measure as latency
from benchmarks.metrics import accuracy
from device.labels import FER2013, FERPLUS

STATE = {
    "load": [0.5, 0.5, 0.5],
    "clock_mhz": [1500.0, 1500.0],
    "governor": None,
    "temperature_c": None,
    "throttled": None,
    "context_switches_involuntary": 3,
}
DATA = {"name": "noise", "digest": "ab" * 32, "split": "val", "images": 200, "leaked": None}


def minimal_results(*, models: int = 3, synthetic: bool = False, partial: bool = False) -> dict:
    heads = ("fer2013", "fer2013", "ferplus")[:models]
    times = np.random.default_rng(0).normal(3e5, 1e4, (5, models + 1, 4)).astype(np.int64)
    return {
        "schema_version": "2.1",
        "created": "2026-01-02T03:04:05+00:00",
        "created_by": "fer-edge 0.1.0",
        "partial": partial,
        "machine": {
            "cpu": "Example",
            "board": None,
            "architecture": "x86_64",
            "instruction_sets": ["avx2", "avx512_vnni"],
            "microarchitecture": None,
            "core_class": "x86-vnni",
            "cores": 2,
            "cores_allowed": 2,
            "governor": None,
            "os": "Linux",
            "python": "3.11.0",
            "numpy": "2.0.0",
            "host": None,
            "before": STATE,
            "after": None,
            "marks": [],
        },
        "data": {**DATA, "synthetic": synthetic},
        "protocol": {
            "threads": [1],
            "rounds": 5,
            "per_round": 4,
            "seed": 0,
            "timed": "set input, invoke, read probabilities",
            "backend": "litert",
            "reference": "reference-1",
        },
        "reference": {
            "name": "reference-1",
            "sha256": "1" * 64,
            "latency": latency.summary(times, models, reference=models),
        },
        "peak": None,
        "frame": None,
        "frame_counts": [],
        "models": [_model(i, head, times) for i, head in enumerate(heads)],
    }


def _model(number: int, head: str, times: np.ndarray) -> dict:
    labels = FER2013 if head == "fer2013" else FERPLUS
    draw = np.random.default_rng(number)
    truth = draw.integers(0, len(labels), 200)
    scores = draw.random((200, len(labels))) + 0.6 * np.eye(len(labels))[truth]
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    return {
        "name": f"{head}_{number}",
        "path": f"{head}_{number}.tflite",
        "sha256": "0" * 64,
        "head": head,
        "labels": list(labels),
        "precision": "int8",
        "input_dtype": "int8",
        "runtime": "ai-edge-litert 2.1.6",
        "delegated": True,
        "peer": None,
        "size": {
            "kind": "measured",
            "bytes": 50_000 * (number + 1),
            "bytes_gzip": 40_000,
            "parameters": 45_000,
            "multiply_adds": 9_000_000,
        },
        "accuracy": accuracy.metrics(probabilities, truth, labels),
        "accuracy_leak_free": None,
        "latency": latency.summary(times, number, reference=times.shape[1] - 1),
        "sweep": [],
        "cold": None,
        "operators": None,
        "throughput": None,
        "counts": [],
    }
