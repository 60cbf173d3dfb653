from typing import Any

import numpy as np
import pytest

from device.errors import InputError
from quantization.keras_layers import heads
from quantization.normalization import Normalization
from quantization.pruning.magnitude import prune, zero_fraction
from quantization.qat.quantize_aware import (
    calibrate,
    quantize_aware,
    set_batchnorm_frozen,
    update_weight_ranges,
)


@pytest.fixture
def fresh(mobile) -> Any:
    """The pruned small net, wrapped for int8 and not trained."""
    return quantize_aware(mobile.pruned, normalization=mobile.normalization, keep_zeros=True)


def batch_statistics(model: Any) -> list[np.ndarray]:
    return [w.numpy() for w in model.weights if "moving_" in w.name]


def test_both_heads_stay_in_their_order(mobile):
    assert heads(mobile.quantized) == ["fer2013", "ferplus"]
    assert [output.shape[-1] for output in mobile.quantized.outputs] == [7, 8]


@pytest.mark.parametrize("name", ["mobile", "paper"])
def test_the_input_quantizer_passes_every_pixel_unchanged_after_training(name, request):
    net = request.getfixturevalue(name)
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    x = net.normalization.apply(pixels)
    quantizer = net.quantized.layers[1]
    for training in (True, False):
        np.testing.assert_allclose(quantizer(x, training=training), x, atol=1e-7)


def test_zeros_survive_the_training(mobile):
    assert zero_fraction(mobile.quantized)["overall"] >= zero_fraction(mobile.pruned)["overall"]


def test_the_float_parent_is_left_alone(mobile, fresh, training, images, classes):
    before = mobile.pruned.get_weights()
    training(fresh, mobile.normalization, images, classes, steps=1)
    for was, now in zip(before, mobile.pruned.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_calibration_brings_the_model_close_to_its_float_parent(mobile, fresh, images):
    x = mobile.normalization.apply(images)
    wanted = mobile.pruned(x, training=False)[0].numpy()

    def error() -> float:
        return float(np.abs(fresh(x, training=False)[0].numpy() - wanted).mean())

    uncalibrated = error()
    calibrate(fresh, images, normalization=mobile.normalization)
    assert error() < 0.8 * uncalibrated


def test_a_checkpoint_restores_a_calibrated_model(mobile, fresh, images, tmp_path):
    import tensorflow as tf

    saved = tf.train.Checkpoint(model=mobile.quantized).write(str(tmp_path / "qat"))
    calibrate(fresh, images[:8], normalization=mobile.normalization)
    tf.train.Checkpoint(model=fresh).read(saved).assert_consumed()
    x = mobile.normalization.apply(images[:16])
    for wanted, got in zip(
        mobile.quantized(x, training=False), fresh(x, training=False), strict=True
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_weight_ranges_follow_weights_that_were_set_from_outside(mobile, fresh):
    kernel = next(w for w in fresh.trainable_variables if "features_conv" in w.name)
    kernel.assign(kernel * 10)
    update_weight_ranges(fresh)
    x = np.zeros((1, 48, 48, 1), np.float32)
    fresh(x, training=False)
    quantized = fresh.get_layer("quant_features_conv").layer.kernel
    np.testing.assert_allclose(quantized, kernel, atol=float(np.abs(kernel).max()) / 127)


def test_frozen_batchnorm_keeps_its_statistics_and_trains_its_scale(
    mobile, fresh, training, images, classes
):
    trainable = [w.name for w in fresh.trainable_variables]
    assert set_batchnorm_frozen(fresh, True) == 7
    assert [w.name for w in fresh.trainable_variables] == trainable
    statistics = batch_statistics(fresh)
    gamma = next(w for w in fresh.trainable_variables if w.name.endswith("gamma:0"))
    before = gamma.numpy()
    training(fresh, mobile.normalization, images, classes, steps=2)
    for was, now in zip(statistics, batch_statistics(fresh), strict=True):
        np.testing.assert_array_equal(was, now)
    assert np.any(gamma.numpy() != before)

    assert set_batchnorm_frozen(fresh, True) == 0
    assert set_batchnorm_frozen(fresh, False) == 7
    training(fresh, mobile.normalization, images, classes, steps=1)
    changed = zip(statistics, batch_statistics(fresh), strict=True)
    assert any(np.any(was != now) for was, now in changed)


def test_a_net_without_batchnorm_has_nothing_to_freeze(paper):
    assert set_batchnorm_frozen(paper.quantized, True) == 0


def test_a_layer_that_int8_does_not_know_is_named():
    import tf_keras as keras

    pixels = keras.Input((48, 48, 1))
    x = keras.layers.Conv2D(2, 3, name="stem")(pixels)
    x = keras.layers.Flatten()(keras.layers.Maximum(name="gate")([x, x]))
    net = keras.Model(pixels, keras.layers.Dense(7, name="fer2013")(x), name="gated")
    with pytest.raises(InputError, match="gated cannot be trained for int8: Layer gate"):
        quantize_aware(net, normalization=Normalization(128.0, 128.0), keep_zeros=False)


def test_a_model_still_wrapped_is_refused(mobile, float_paper):
    wrapped, _ = prune(float_paper, sparsity=0.5, begin_step=0, end_step=10)
    with pytest.raises(InputError, match="strip it"):
        quantize_aware(wrapped, normalization=Normalization(0.0, 255.0), keep_zeros=True)
    with pytest.raises(InputError, match="already"):
        quantize_aware(mobile.quantized, normalization=mobile.normalization, keep_zeros=True)


def test_calibration_without_images_is_refused(mobile, fresh, images):
    with pytest.raises(InputError, match="at least one"):
        calibrate(fresh, images[:0], normalization=mobile.normalization)
