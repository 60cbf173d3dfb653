"""Untrained models of one small net, for the tests of `device`.

    python tests/device/untrained_models.py FOLDER

writes them as files, so that an environment without TensorFlow can run those tests: it finds them
by FER_EDGE_TEST_MODELS=FOLDER.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from device.labels import FER2013

FULL_RANGE = (-1.0, 127 / 128)  # of (pixel - 128) / 128


def make_models() -> dict[str, bytes]:
    """Flatbuffers without labels, all of one net except `wide`, which takes 64x64 pixels."""
    net = _net(48)
    return {
        "int8": _quantize(net, FULL_RANGE, "int8"),
        "uint8": _quantize(net, FULL_RANGE, "uint8"),
        "narrow": _quantize(net, (-1.0, 0.5), "int8"),
        "float32": _convert(_on_raw_pixels(net, 48)),
        "wide": _convert(_on_raw_pixels(_net(64), 64)),
    }


def _net(size: int) -> Any:
    import tf_keras as keras

    keras.utils.set_random_seed(5)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((size, size, 1)),
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(len(FER2013), kernel_initializer="random_normal"),
            layers.Softmax(),
        ]
    )


def _on_raw_pixels(net: Any, size: int) -> Any:
    import tf_keras as keras

    pixels = keras.Input((size, size, 1))
    return keras.Model(pixels, net((pixels - 128.0) / 128.0))


def _convert(model: Any) -> bytes:
    import tensorflow as tf

    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _quantize(net: Any, value_range: tuple[float, float], dtype: str) -> bytes:
    import tensorflow as tf

    def samples() -> Iterator[list[np.ndarray]]:
        random = np.random.default_rng(1)
        for _ in range(8):
            sample = random.uniform(*value_range, (1, 48, 48, 1)).astype(np.float32)
            sample.flat[:2] = value_range
            yield [sample]

    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.as_dtype(dtype)
    return bytes(converter.convert())


if __name__ == "__main__":
    for name, content in make_models().items():
        target = Path(sys.argv[1]) / f"{name}.tflite"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
