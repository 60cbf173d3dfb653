"""The reference workload: one net that every session times, so that machines compare by ratios.

It comes with fer-edge, has fixed weights and never changes; another one would get another number
and another name. `benchmarks.models.reference_generate` made it.
"""

from pathlib import Path

from device.model.classifier import Classifier

NAME = "reference-1"
SHA256 = "1a3a7a460b141c1de385361bd6501bad8d26d244202c34a2324f5cd00b2eff39"
PATH = Path(__file__).parent / f"{NAME}.tflite"


def load(threads: int = 1) -> Classifier:
    """Load it: int8, called like any other model."""
    return Classifier(PATH, threads=threads)
