"""Latency of a float net as an int8 file on this machine, relative to another net.

Latency does not depend on the values of the weights, so a candidate is converted by post-training
quantization, in seconds, instead of being trained.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quantization.channels.selection import Measure
    from quantization.normalization import Normalization

ROUNDS = 60
PER_ROUND = 20


def latency_ratio(
    parent: Any, images: NDArray[np.uint8], *, normalization: "Normalization"
) -> "Measure":
    """Make a function that times a candidate, interleaved with the parent.

    Args:
        parent: a Keras model from normalized pixels to logits per head.
        images: images for calibration and timing, uint8 `[n, 48, 48]`, at least 100.
        normalization: input normalization of the nets.

    Returns:
        A function from a candidate to its latency as a fraction of the parent's: the median over
        rounds of the ratio of the two medians of a round.
    """
    from benchmarks.latency.timer import time_calls

    def classifier(model: Any) -> Any:
        return _int8(model, images, normalization)

    first = classifier(parent)

    def measure(candidate: Any) -> float:
        nets = [first, classifier(candidate)]
        order = np.random.default_rng(0)
        medians = np.empty((ROUNDS, len(nets)))
        for each in medians:
            for net in order.permutation(len(nets)):
                each[net] = np.median(np.array(time_calls(nets[net], list(images[:PER_ROUND]))))
        return float(np.median(medians[:, 1] / medians[:, 0]))

    return measure


def write_int8(
    model: Any, path: Path, images: NDArray[np.uint8], normalization: "Normalization"
) -> None:
    """Write a candidate as an int8 file by calibration, without training.

    Args:
        model: a Keras model from normalized pixels to logits per head.
        path: `.tflite` file to write.
        images: calibration images, uint8 `[n, 48, 48]`, at least 100.
        normalization: input normalization of the net.
    """
    from quantization.keras_layers import heads
    from quantization.tflite.convert import to_tflite

    outputs = model.outputs[0].shape[-1]
    to_tflite(
        model,
        path,
        head=heads(model)[0],
        labels=[f"label {i}" for i in range(outputs)],
        precision="ptq",
        normalization=normalization,
        calibration=images,
    )


def _int8(model: Any, images: NDArray[np.uint8], normalization: "Normalization") -> Any:
    from device.model.classifier import Classifier

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candidate.tflite"
        write_int8(model, path, images, normalization)
        return Classifier(path)
