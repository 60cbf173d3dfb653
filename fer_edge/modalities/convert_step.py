"""Converts one step of a recurrent net, with its state as input and output, to int8."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantization.tflite.convert import run_converter


def convert_step(
    step: Any, weights: Sequence[Any], samples: Sequence[dict[str, NDArray[np.float32]]], name: str
) -> bytes:
    """Quantize a step to int8 after training (PTQ).

    Args:
        step: `tf.function` with an input signature.
        weights: variables that the step uses.
        samples: calibration inputs by name, because the converter may reorder the inputs.
        name: name of the file in messages.

    Returns:
        Content of the `.tflite` file, with int8 inputs and outputs.

    Raises:
        CheckFailedError: TensorFlow cannot convert the step.
    """
    import tensorflow as tf

    def each() -> Iterator[dict[str, Any]]:
        yield from samples

    owner = tf.Module()
    owner.variables_of_model = list(weights)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [step.get_concrete_function()], owner
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = each
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return run_converter(converter, name)
