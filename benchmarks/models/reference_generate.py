"""Build the reference workload: `python -m benchmarks.models.reference_generate FILE`.

The net has the structure of compact face nets (3x3 convolutions down to 12x12, depthwise separable
ones after that) and weights from a seeded generator; it recognizes nothing. The shipped file was
built with TensorFlow 2.21. Another version may write other bytes, so the shipped file is
authoritative; its digest is in `benchmarks.models.reference`.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from device.geometry import FACE_SIZE
from device.labels import FER2013
from device.model.content import LABEL_FILE
from device.system.atomic_file import replacing

SEED = 48

# (filters, stride); layers after DENSE are depthwise separable.
DENSE = ((16, 2), (32, 1), (48, 2), (64, 1))
SEPARABLE = ((96, 2), (96, 1), (128, 1))


def net() -> Any:
    """Build the net with its weights (He et al. 2015, normal)."""
    import tf_keras as keras

    layers = keras.layers
    same: dict[str, Any] = {"padding": "same", "activation": "relu6"}
    # Explicit names, because Keras numbers its own on from the last net that was built.
    faces = x = layers.Input((FACE_SIZE, FACE_SIZE, 1), name="faces")
    for i, (filters, stride) in enumerate(DENSE):
        x = layers.Conv2D(filters, 3, strides=stride, name=f"dense_{i}", **same)(x)
    for i, (filters, stride) in enumerate(SEPARABLE):
        x = layers.DepthwiseConv2D(3, strides=stride, name=f"depthwise_{i}", **same)(x)
        x = layers.Conv2D(filters, 1, name=f"pointwise_{i}", **same)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(len(FER2013), activation="softmax", name="probabilities")(x)
    model = keras.Model(faces, x, name="reference")
    draw = np.random.default_rng(SEED)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            inputs = kernel.size // kernel.shape[-1]
            if isinstance(layer, layers.DepthwiseConv2D):
                inputs = kernel[..., 0, 0].size
            kernel = draw.normal(0, np.sqrt(2 / inputs), kernel.shape)
            layer.set_weights([kernel, draw.normal(0, 0.1, bias.shape)])
    return model


def content() -> bytes:
    """Convert the net to int8, with pixel - 128 as input byte, and attach labels."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(net())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    pixels = np.random.default_rng(SEED).integers(0, 256, (32, 1, FACE_SIZE, FACE_SIZE, 1))
    pixels[0].flat[:256] = np.arange(256)  # so that the range covers all pixel values
    faces = ((pixels - 128) / 128).astype(np.float32)
    converter.representative_dataset = lambda: ([face] for face in faces)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo(LABEL_FILE), "\n".join(FER2013))
    return bytes(converter.convert()) + archive.getvalue()


def main() -> None:
    """Write the file and print its digest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models.reference_generate")
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    made = content()
    with replacing(path) as partial:
        partial.write_bytes(made)
    print(f"{hashlib.sha256(made).hexdigest()}  {path}")


if __name__ == "__main__":
    main()
