"""Adaptation of a small net: what is kept, what is given up, what is written."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from device.model.card import threshold
from fer_edge import zoo
from fer_edge.adaptation import adapt, batchnorm, criterion, parent, write
from fer_edge.adaptation.adapt import Calibration
from fer_edge.training.load_tensorflow import load_tensorflow
from quantization.tflite import card

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
PIXELS = (128.0, 128.0)


def faces(n: int, seed: int = 0, *, contrast: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (n, 6, 6)).repeat(8, axis=1).repeat(8, axis=2)
    return np.rint(128 + contrast * (coarse - 128)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def net() -> Any:
    """A net of one convolution whose statistics are those of `faces`."""
    load_tensorflow()
    import tf_keras as keras

    keras.utils.set_random_seed(1)
    x = pixels = keras.Input((48, 48, 1))
    x = keras.layers.Conv2D(8, 3, strides=4, use_bias=False, name="conv")(x)
    x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(pixels, keras.layers.Dense(7, name="fer2013")(x), name="small")
    kernel, bias = model.get_layer("fer2013").get_weights()
    model.get_layer("fer2013").set_weights([8 * kernel, bias])
    (fitted,) = batchnorm.reestimate(model, faces(400), PIXELS, [1.0])
    model.set_weights(fitted)
    return model


def run(net: Any, images: np.ndarray, calibration: Calibration | None = None) -> Any:
    return adapt.adapt(
        net, images, head="fer2013", labels=LABELS, normalization=PIXELS, calibration=calibration
    )


def test_new_statistics_are_those_of_the_faces(net: Any) -> None:
    import tensorflow as tf

    gray = faces(256, seed=1, contrast=0.3)
    zero, half, whole = batchnorm.reestimate(net, gray, PIXELS, [0.0, 0.5, 1.0])
    before = net.get_weights()
    for old, new in zip(before, zero, strict=True):
        np.testing.assert_allclose(old, new, atol=1e-5)
    adapted = batchnorm.copy(net)
    adapted.set_weights(whole)
    x = tf.constant((gray.astype(np.float32)[..., None] - 128) / 128)
    values = net.get_layer("conv")(x).numpy()
    _, _, mean, variance = adapted.get_layer("bn").get_weights()
    np.testing.assert_allclose(mean, values.mean((0, 1, 2)), atol=1e-3)
    np.testing.assert_allclose(variance, values.var((0, 1, 2)), rtol=0.05)
    for mixed, old, new in zip(half, before, whole, strict=True):
        np.testing.assert_allclose(mixed, (old + new) / 2, atol=1e-5)


def test_faces_like_those_of_training_are_given_up(net: Any) -> None:
    found, quantized = run(net, faces(300, seed=2))
    assert quantized is None and not found.helps
    assert found.statistics.share is None and found.self_training is None
    assert found.agreement == 1 and found.held_out == 75


@pytest.mark.slow
def test_a_shift_is_adapted_to_and_written_as_a_verified_file(
    net: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shifted = faces(300, seed=3, contrast=0.3)
    found, quantized = run(net, shifted)
    assert found.helps and found.statistics.share is not None and quantized is not None
    source = parent.find("zoo:nano")
    path = tmp_path / "fer2013_int8.tflite"
    entries: Any = {"adapted": {"faces": 300}, "decision": {"threshold": 0.5}}

    def disagrees(*_: Any, **__: Any) -> None:
        raise CheckFailedError("differs")

    with monkeypatch.context() as patch:
        patch.setattr(write.parity, "check", disagrees)
        with pytest.raises(CheckFailedError):
            write.write(quantized, source, shifted, path, **entries)
    assert not list(tmp_path.iterdir())
    verified = write.write(quantized, source, shifted, path, **entries)
    assert verified["n"] == 300 and verified["disagreements"] <= 9
    described = card.read(path)
    assert described["adapted"] == {"faces": 300} and described["precision"] == "int8"
    assert described["parent_sha256"] == card.sha256(source.file)
    assert threshold(path) == 0.5


def test_another_prior_is_folded_into_the_head(net: Any) -> None:
    trained, here = np.full(7, 1 / 7), np.array([0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])
    folded = batchnorm.copy(net)
    adapt._fold(folded, "fer2013", here, Calibration(2.0, trained))
    before = batchnorm.predictor(net, PIXELS)(faces(20))
    after = batchnorm.predictor(folded, PIXELS)(faces(20))
    np.testing.assert_allclose(after - before, [2 * np.log(here / trained)] * 20, atol=1e-4)


def test_a_gain_is_kept_above_its_margin_and_beyond_chance() -> None:
    rng = np.random.default_rng(0)
    assert criterion.gain(rng.normal(0.05, 0.1, 200), 0.01).kept
    assert not criterion.gain(rng.normal(0.005, 0.001, 200), 0.01).kept  # too small
    assert not criterion.gain(rng.normal(0.05, 1.0, 50), 0.01).kept  # chance


def test_one_face_is_too_few(net: Any) -> None:
    with pytest.raises(InputError, match="1 face found, too few"):
        run(net, faces(1))


def test_the_parent_of_a_copy_is_found_by_its_content(tmp_path: Path) -> None:
    copied = tmp_path / "mine.tflite"
    shutil.copy(zoo.resolve("zoo:nano/ferplus_int8"), copied)
    found = parent.find(str(copied))
    assert (found.name, found.head) == ("zoo:nano", "ferplus")
