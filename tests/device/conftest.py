"""A small untrained net, converted once per session, and real images."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from device.labels import FER2013

from .mosquitto import Broker
from .untrained_models import make_models


@pytest.fixture(scope="session")
def bare_models() -> dict[str, bytes]:
    """Flatbuffers without labels, all of one net except `wide`, which takes 64x64 pixels.

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
    """The same nets as files with FER2013's labels."""
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
    """Twenty noise images as faces, uint8 [20, 48, 48]."""
    return np.random.default_rng(3).integers(0, 256, (20, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A smiling woman, uint8 [512, 512, 3] BGR."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def still_life() -> np.ndarray:
    """A cup of coffee without a person, uint8 [400, 600, 3] BGR."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.coffee()[:, :, ::-1])


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("no mosquitto here: apt-get install mosquitto")
    brokers: list[Broker] = []

    def make(settings: str = "") -> Broker:
        brokers.append(Broker(program, tmp_path, settings))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker()
