"""A small untrained net, converted once a session to what the device runs, and real pictures."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device.labels import FER2013

from .untrained_models import make_models


@pytest.fixture(scope="session")
def bare_models() -> dict[str, bytes]:
    """Flatbuffers without labels, all of one net but `wide`, which takes 64x64 pixels.

    `narrow` was calibrated on pixels that never get bright: its bytes are not pixel - 128.
    """
    if folder := os.environ.get("FER_EDGE_TEST_MODELS"):
        return {path.stem: path.read_bytes() for path in Path(folder).glob("*.tflite")}
    pytest.importorskip("tf_keras", reason="no TensorFlow, and FER_EDGE_TEST_MODELS is not set")
    return make_models()


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
