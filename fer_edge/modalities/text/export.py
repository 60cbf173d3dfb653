"""Converts the text model to an int8 `.tflite` with labels and feature parameters."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.modalities.text.classifier import FEATURE_FILE
from device.modalities.text.features import NGrams
from device.model.content import LABEL_FILE
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from fer_edge.modalities.text import net
from fer_edge.modalities.text.net import Weights
from quantization.tflite.convert import run_converter
from quantization.tflite.metadata import append_files


def to_tflite(
    weights: Weights,
    path: Path,
    *,
    labels: Sequence[str],
    features: NGrams,
    calibration: NDArray[np.int32],
) -> None:
    """Quantize the model to int8 after training (PTQ) and write the file.

    Input: int32 [1, words, n-grams], ids of `NGrams`. Output: int8 [1, labels], a softmax of scale
    1/256 and zero point -128.

    Args:
        weights: weights, named as by `net.initial`.
        path: output file; it is replaced only after a successful conversion.
        labels: names of the classes.
        features: parameters of the input features.
        calibration: int32 [n, words, n-grams], training texts for the calibration of the
            activations.

    Raises:
        CheckFailedError: TensorFlow cannot convert the model.
    """
    with suppress_stderr():
        content = _convert(weights, features, calibration, path.name)
    files = {
        LABEL_FILE: "".join(f"{label}\n" for label in labels),
        FEATURE_FILE: json.dumps(asdict(features)) + "\n",
    }
    with replacing(path) as partial:
        partial.write_bytes(append_files(content, files))


def _convert(
    weights: Weights, features: NGrams, calibration: NDArray[np.int32], name: str
) -> bytes:
    import tensorflow as tf

    shape = tf.TensorSpec([1, features.words, features.per_word], tf.int32, name="ngrams")

    @tf.function(input_signature=[shape])
    def classify(ids: Any) -> dict[str, Any]:
        return {"probabilities": tf.nn.softmax(net.logits(weights, ids))}

    def each() -> Iterator[list[NDArray[np.int32]]]:
        for ids in calibration:
            yield [ids[np.newaxis]]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([classify.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = each
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_output_type = tf.int8
    return run_converter(converter, name)
