"""A small untrained net, converted once a session to what the device runs, and real pictures."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.labels import FER2013

FULL_RANGE = (-1.0, 127 / 128)  # of (pixel - 128) / 128


@pytest.fixture(scope="session")
def bare_models() -> dict[str, bytes]:
    """Flatbuffers without labels, all of one net but `wide`, which takes 64x64 pixels.

    `narrow` was calibrated on pixels that never get bright: its bytes are not pixel - 128.
    """
    pytest.importorskip("tf_keras")
    net = _net(48)
    return {
        "int8": _quantize(net, FULL_RANGE, "int8"),
        "uint8": _quantize(net, FULL_RANGE, "uint8"),
        "narrow": _quantize(net, (-1.0, 0.5), "int8"),
        "float32": _convert(_on_raw_pixels(net, 48)),
        "wide": _convert(_on_raw_pixels(_net(64), 64)),
    }


@pytest.fixture(scope="session")
def models(
    bare_models: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The same nets as files that name FER2013's labels."""
    folder = tmp_path_factory.mktemp("models")
    files = {}
    for name, content in bare_models.items():
        files[name] = folder / f"{name}.tflite"
        write_model(files[name], content)
    return files


def write_model(path: Path, content: bytes, labels: tuple[str, ...] = FER2013) -> None:
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "\n".join(labels) + "\n")


@pytest.fixture
def save_model() -> Callable[..., None]:
    return write_model


@pytest.fixture
def faces() -> np.ndarray:
    """Twenty pictures of noise as faces, uint8 [20, 48, 48]."""
    return np.random.default_rng(3).integers(0, 256, (20, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A woman who smiles, uint8 [512, 512, 3] in the order blue, green, red."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def still_life() -> np.ndarray:
    """A cup of coffee and nobody, uint8 [400, 600, 3] in the order blue, green, red."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.coffee()[:, :, ::-1])


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
