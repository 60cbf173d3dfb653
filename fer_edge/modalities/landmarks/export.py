"""Converts the net to an int8 `.tflite` that carries its mean face."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import CheckFailedError
from device.faces.landmarks import SHAPE_FILE, LandmarkModel
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from quantization.tflite.convert import run_converter
from quantization.tflite.metadata import append_files

MAX_BYTES = 200_000
"""Largest file: what does not fit was given too many filters."""

_DIGITS = 5  # of the mean face: hundredths of a pixel are far below the net's error


def to_tflite(
    model: Any, path: Path, *, shape: NDArray[np.float64], calibration: NDArray[np.uint8]
) -> None:
    """Quantize a trained net to int8 after training and write the file.

    The contract of inputs and outputs is that of `device.faces.landmarks`.

    Args:
        model: as of `net.build`.
        path: file to write; an existing one is replaced after the new one was loaded.
        shape: mean face, [68, 3].
        calibration: uint8 [n, size, size], training faces, which set the ranges of activations.

    Raises:
        CheckFailedError: TensorFlow cannot convert the net, or the file is too large.
    """
    # Both ends of the range in each face, so that the input is pixel - 128 exactly.
    faces = calibration.copy()
    faces[:, 0, 0], faces[:, 0, -1] = 0, 255
    samples = ((faces.astype(np.float32) - 128) / np.float32(128))[..., np.newaxis]
    content = quantize(model, samples, path.name)
    described = json.dumps({"shape": np.round(shape, _DIGITS).tolist()}) + "\n"
    content = append_files(content, {SHAPE_FILE: described})
    if len(content) > MAX_BYTES:
        raise CheckFailedError(
            f"{path}: {len(content):,} bytes, more than {MAX_BYTES:,}: give net.filters or "
            "net.embedding lower values"
        )
    with replacing(path) as partial:
        partial.write_bytes(content)
        LandmarkModel(partial)


def quantize(model: Any, samples: NDArray[np.float32], name: str) -> bytes:
    """Quantize a net with one input and one output to int8 after training.

    Args:
        model: Keras model.
        samples: inputs [n, ...], which set the ranges of activations.
        name: name of the file in messages.

    Raises:
        CheckFailedError: TensorFlow cannot convert the net.
    """
    import tensorflow as tf

    spec = tf.TensorSpec([1, *samples.shape[1:]], tf.float32)

    @tf.function(input_signature=[spec])
    def call(one: Any) -> Any:
        return model(one, training=False)

    def each() -> Iterator[list[NDArray[np.float32]]]:
        for sample in samples:
            yield [sample[np.newaxis]]

    owner = tf.Module()
    owner.variables_of_model = list(model.weights)
    with suppress_stderr():
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [call.get_concrete_function()], owner
        )
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = each
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return run_converter(converter, name)
