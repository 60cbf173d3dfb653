"""The reference workload: one net that every session times, to compare machines by ratios.

It ships with fer-edge, has fixed weights and never changes; another one would get another number
and name. `benchmarks.models.reference_generate` built it.
"""

from pathlib import Path

from device.model.classifier import Classifier

NAME = "reference-1"
SHA256 = "1a3a7a460b141c1de385361bd6501bad8d26d244202c34a2324f5cd00b2eff39"
PATH = Path(__file__).parent / f"{NAME}.tflite"


def load(threads: int = 1) -> Classifier:
    """Load the reference workload, an int8 classifier."""
    return Classifier(PATH, threads=threads)
