"""Converts the temporal head to an int8 `.tflite` for one frame, with explicit state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CheckFailedError, InputError
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from device.tracking.temporal import TemporalModel
from fer_edge.modalities.convert_step import convert_step
from quantization.tflite.metadata import append_labels

CALIBRATION_STEPS = 4000
"""Maximum number of frames of training sequences used for calibration."""

MAX_BYTES = 50_000
"""Maximum file size in bytes."""


def to_tflite(
    model: Any, path: Path, *, labels: Sequence[str], calibration: NDArray[np.float32]
) -> None:
    """Quantize a trained head to int8 after training (PTQ) and write the file.

    `device.tracking.temporal` documents the inputs and outputs.

    Args:
        model: Keras model of `net.build`.
        path: output file; it is replaced only after the new file was loaded successfully.
        labels: names of the classes.
        calibration: features of training sequences, float32 [n, frames, labels + 1].

    Raises:
        InputError: the GRU has as many units as there are inputs or labels.
        CheckFailedError: TensorFlow cannot convert the model, or the file is too large.
    """
    units = int(model.get_layer("gru").units)
    if units in (len(labels), len(labels) + 1):
        raise InputError(
            f"net.units is {units}, the number of classes or inputs: use another number, because "
            "the tensors of the file are identified by their sizes"
        )
    with suppress_stderr():
        step = step_function(model)
        samples = _samples(step, units, calibration)
        content = append_labels(convert_step(step, model.weights, samples, path.name), labels)
    if len(content) > MAX_BYTES:
        raise CheckFailedError(
            f"{path}: {len(content):,} bytes, more than {MAX_BYTES:,}: reduce net.units"
        )
    with replacing(path) as partial:
        partial.write_bytes(content)
        TemporalModel(partial)


def step_function(model: Any) -> Any:
    """Return the model over one frame as a `tf.function` with explicit state.

    Inputs: `values` [1, labels + 1] and `state` [1, units]. Outputs: `logits` [1, labels] and the
    next `state`.
    """
    import tensorflow as tf

    gru, dense = model.get_layer("gru"), model.get_layer("logits")
    kernel, recurrent, bias = (
        tf.split(tensor, 3, axis=-1) for tensor in map(tf.constant, gru.get_weights())
    )  # update, reset, candidate
    values = tf.TensorSpec([1, model.input_shape[-1]], tf.float32, name="values")
    begin = tf.TensorSpec([1, gru.units], tf.float32, name="state")

    @tf.function(input_signature=[values, begin])
    def step(values: Any, state: Any) -> dict[str, Any]:
        update, reset = (
            tf.sigmoid(values @ kernel[i] + bias[i] + state @ recurrent[i]) for i in (0, 1)
        )
        candidate = tf.tanh(values @ kernel[2] + bias[2] + (reset * state) @ recurrent[2])
        state = candidate + update * (state - candidate)
        return {"logits": dense(tf.concat([values, state], axis=-1)), "state": state}

    return step


def _samples(
    step: Any, units: int, calibration: NDArray[np.float32]
) -> list[dict[str, NDArray[np.float32]]]:
    """Return calibration inputs: frames, each with the state that the float model has before it."""
    samples: list[dict[str, NDArray[np.float32]]] = []
    for sequence in calibration:
        state = np.zeros((1, units), np.float32)
        for values in sequence[:, np.newaxis]:
            if len(samples) == CALIBRATION_STEPS:
                return samples
            samples.append({"values": values, "state": state})
            state = step(values, state)["state"].numpy()
    return samples
