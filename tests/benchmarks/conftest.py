import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.labels import FER2013, FERPLUS


@pytest.fixture(scope="session")
def model_files(tmp_path_factory) -> dict[str, Path]:
    """Untrained nets as `.tflite`: float32 and int8 for FER2013, float32 for FER+."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "float32": _convert(folder / "fer2013_float32.tflite", FER2013, int8=False),
        "int8": _convert(folder / "fer2013_int8.tflite", FER2013, int8=True),
        "ferplus": _convert(folder / "ferplus_float32.tflite", FERPLUS, int8=False),
    }


def _convert(path: Path, labels: tuple[str, ...], *, int8: bool) -> Path:
    keras = pytest.importorskip("tf_keras")
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    layers = keras.layers
    net = keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            *([] if int8 else [layers.Rescaling(1 / 128, -1)]),
            layers.Conv2D(4, 5, strides=4, activation="relu"),
            layers.Flatten(),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        ramp = (np.arange(48 * 48) % 256 - 128).astype(np.float32).reshape(1, 48, 48, 1) / 128
        converter.representative_dataset = lambda: iter([[ramp]])
    path.write_bytes(with_labels(converter.convert(), labels))
    return path


def with_labels(model: bytes, labels: tuple[str, ...]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("labels.txt", "\n".join(labels))
    return model + archive.getvalue()


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """Five frames of 320x240 with a face of 160 pixels that moves to the right."""
    data = pytest.importorskip("skimage.data")
    canvas = np.full((240, 320, 3), 120, np.uint8)
    canvas[40:200, 60:220] = cv2.resize(data.astronaut()[:300, 80:380, ::-1], (160, 160))
    return write_film(tmp_path_factory.mktemp("film") / "film.avi", canvas)


def write_film(path: Path, picture: np.ndarray) -> Path:
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, picture.shape[1::-1])
    for step in range(5):
        video.write(np.roll(picture, 2 * step, 1))
    video.release()
    return path


@pytest.fixture(scope="session")
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (40, 48, 48), np.uint8)


@pytest.fixture(scope="session")
def labels() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(2)
    return {"fer2013": draw.integers(0, 7, 40), "ferplus": draw.integers(-1, 8, 40)}


@pytest.fixture
def data() -> dict:
    return {"name": "noise", "digest": "ab" * 32, "synthetic": False, "split": "val"}
