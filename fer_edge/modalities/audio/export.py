"""Converts the speech model to an int8 `.tflite` for one step, with explicit state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CheckFailedError, InputError
from device.modalities.audio.classifier import CONTEXT, SILENCE, STEP, AudioClassifier
from device.modalities.audio.features import BANDS
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from fer_edge.modalities.audio.net import STRIDE
from fer_edge.modalities.convert_step import convert_step
from quantization.tflite.metadata import append_labels

CALIBRATION_STEPS = 400
"""Maximum number of steps of training recordings used for calibration."""

MAX_BYTES = 300_000
"""Maximum file size in bytes."""


def to_tflite(
    model: Any,
    path: Path,
    *,
    labels: Sequence[str],
    calibration: Sequence[NDArray[np.float32]],
) -> None:
    """Quantize a trained model to int8 after training (PTQ) and write the file.

    `device.modalities.audio.classifier` documents the inputs and outputs.

    Args:
        model: Keras model of `net.build`.
        path: output file; it is replaced only after the new file was loaded successfully.
        labels: names of the classes.
        calibration: scaled float32 [n, BANDS] of training recordings.

    Raises:
        InputError: the GRU has as many units as there are labels.
        CheckFailedError: TensorFlow cannot convert the model, or the file is too large.
    """
    if _units(model) == len(labels):
        raise InputError(
            f"net.units is {len(labels)}, the number of classes: use another number, because the "
            "outputs of the file are identified by their sizes"
        )
    with suppress_stderr():
        step = step_function(model)
        samples = _samples(step, calibration, _units(model))
        content = append_labels(convert_step(step, model.weights, samples, path.name), labels)
    if len(content) > MAX_BYTES:
        raise CheckFailedError(
            f"{path}: {len(content):,} bytes, more than {MAX_BYTES:,}: reduce net.filters, "
            "net.embedding or net.units"
        )
    with replacing(path) as partial:
        partial.write_bytes(content)
        AudioClassifier(partial)


def step_function(model: Any) -> Any:
    """Return the model over one step of `STEP` frames as a `tf.function`, with the GRU unrolled.

    Inputs: `frames` [1, CONTEXT + STEP, BANDS, 1] and `state` [1, units]. Outputs: `logits`
    [1, labels], averaged over the step, and the next `state`.
    """
    import tensorflow as tf

    features, gru = model.get_layer("features"), model.get_layer("gru")
    dense = model.get_layer("logits")
    units = _units(model)
    kernel, recurrent, bias = (
        tf.split(tensor, 3, axis=-1) for tensor in map(tf.constant, gru.get_weights())
    )  # update, reset, candidate
    frames = tf.TensorSpec([1, CONTEXT + STEP, BANDS, 1], tf.float32, name="frames")
    begin = tf.TensorSpec([1, units], tf.float32, name="state")

    @tf.function(input_signature=[frames, begin])
    def step(frames: Any, state: Any) -> dict[str, Any]:
        embedded = features(frames, training=False)
        logits = []
        for index in range(STEP // STRIDE):
            x = embedded[:, index]
            update, reset = (
                tf.sigmoid(x @ kernel[i] + bias[i] + state @ recurrent[i]) for i in (0, 1)
            )
            candidate = tf.tanh(x @ kernel[2] + bias[2] + (reset * state) @ recurrent[2])
            state = candidate + update * (state - candidate)
            logits.append(dense(tf.concat([x, state], axis=-1)))
        return {"logits": tf.add_n(logits) / len(logits), "state": state}

    return step


def _units(model: Any) -> int:
    return int(model.get_layer("gru").units)


def _samples(
    step: Any, recordings: Sequence[NDArray[np.float32]], units: int
) -> list[dict[str, NDArray[np.float32]]]:
    """Return calibration inputs: steps, each with the state that the float model has before it."""
    samples: list[dict[str, NDArray[np.float32]]] = []
    for recording in recordings:
        state = np.zeros((1, units), np.float32)
        padded = np.concatenate([np.full((CONTEXT, BANDS), SILENCE, np.float32), recording])
        for first in range(0, len(recording) - STEP + 1, STEP):
            if len(samples) == CALIBRATION_STEPS:
                return samples
            frames = padded[np.newaxis, first : first + CONTEXT + STEP, :, np.newaxis]
            samples.append({"frames": frames, "state": state})
            state = step(frames, state)["state"].numpy()
    return samples
