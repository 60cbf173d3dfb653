"""Guest program: faces through the classifier, exponential smoothing and a temporal head.

    python temporal_guest.py FRAMES MODEL HEAD

The faces are noise. The first frames are not recorded.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.counting.guest import enter
from benchmarks.counting.trusted_models import trust_models
from device.model.classifier import Classifier
from device.tracking.smoothing import Smoother
from device.tracking.temporal import TemporalModel

STAGES = ("classifier", "smoothing", "temporal head")
"""Stages in the order of their plugin numbers, from 1."""

_WARM_UP = 3  # frames


def main() -> None:
    """Classify and filter."""
    frames, model, head = sys.argv[1:]
    trust_models()
    classifier, track = Classifier(Path(model)), TemporalModel(Path(head)).start()
    smoother = Smoother(len(classifier.labels), 0.5)
    faces = np.random.default_rng(0).integers(0, 256, (int(frames) + _WARM_UP, 48, 48), np.uint8)
    for number, face in enumerate(faces):
        recorded = number >= _WARM_UP
        enter(1 * recorded)
        probabilities = classifier(face)
        enter(2 * recorded)
        smoother.update(probabilities, number / 15)
        enter(3 * recorded)
        track.update(probabilities, number / 15)
        enter(0)


if __name__ == "__main__":
    main()
