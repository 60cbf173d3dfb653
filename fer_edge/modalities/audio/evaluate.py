"""Speaker-independent evaluation: top-1, macro-F1, recall, interval, confusion matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.stats.bootstrap import cluster_interval
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.features import CENTER, SPREAD
from device.model.stateful import softmax


def predict(model: Path, recordings: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Run a model file over recordings step by step, as on the device.

    Args:
        model: the `.tflite` file.
        recordings: scaled float32 [n, BANDS], frames with speech.

    Returns:
        Mean logits, float32 [recordings, labels].
    """
    classifier = AudioClassifier(model)
    logits = []
    for recording in recordings:
        classifier.reset()
        classifier.push(recording * np.float32(SPREAD) + np.float32(CENTER))
        classifier.finish()
        logits.append(classifier.logits())
    return np.stack(logits)


def figures(
    logits: NDArray[np.float32],
    classes: NDArray[np.int64],
    speakers: NDArray[np.str_],
    labels: Sequence[str],
) -> dict[str, Any]:
    """Compute metrics on recordings of speakers that were not in training.

    Args:
        logits: float32 [n, labels].
        classes: int64 [n], true classes.
        speakers: str [n].
        labels: names of the classes.

    Returns:
        The values of `benchmarks.metrics.accuracy.metrics`, with an interval that resamples whole
        speakers, the top-1 of each speaker, and the confusion matrix (rows: true classes).
    """
    found: dict[str, Any] = dict(accuracy.metrics(softmax(logits), classes, labels))
    answers = logits.argmax(axis=1)
    right = answers == classes
    found["top1_ci95"] = cluster_interval(right, speakers)
    found["speakers"] = {
        str(name): {
            "n": int((speakers == name).sum()),
            "top1": float(right[speakers == name].mean()),
        }
        for name in np.unique(speakers)
    }
    found["confusion"] = accuracy.confusion(classes, answers, len(labels)).tolist()
    return found
