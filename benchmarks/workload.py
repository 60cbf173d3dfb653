"""The reference workload: one net that every session times, so that machines compare by ratios.

It comes with fer-edge, has fixed weights and never changes; another one would get another number
and another name. `benchmarks.workloads.generate` made it.
"""

from pathlib import Path

from device.interpreter import Classifier

NAME = "reference-1"
SHA256 = "825195119466ee9631af17772cfc7e45c5bb7e3e48a4c18931924ed1e9f1758b"
PATH = Path(__file__).parent / "workloads" / f"{NAME}.tflite"


def load(threads: int = 1) -> Classifier:
    """Load it: int8, called like any other model."""
    return Classifier(PATH, threads=threads)
