from typing import Any

import numpy as np
import pytest

from device.errors import InputError
from quantization.normalization import Normalization
from quantization.pruning.magnitude import prune, strip, zero_fraction

NORMALIZATION = Normalization(0.0, 255.0)


def test_pruned_kernels_reach_the_sparsity_asked_for(mobile):
    zeros = zero_fraction(mobile.pruned)
    assert zeros["overall"] == pytest.approx(0.6, abs=0.01)
    assert all(share == pytest.approx(0.6, abs=0.01) for share in zeros["layers"].values())


def test_pointwise_convolutions_are_pruned_and_stem_depthwise_and_heads_are_not(mobile):
    assert set(zero_fraction(mobile.pruned)["layers"]) == {
        "separable_conv",
        "expand_conv",
        "project_conv",
        "features_conv",
    }
    for name in ("stem_conv", "separable_dw", "fer2013", "ferplus"):
        assert np.all(mobile.pruned.get_layer(name).get_weights()[0] != 0), name


def test_a_net_without_pointwise_convolutions_has_all_but_its_first_pruned(float_paper):
    assert set(zero_fraction(float_paper)["layers"]) == {"conv8", "conv16", "dense32"}


def test_stripping_gives_the_layers_of_the_parent(mobile):
    def names(model: Any) -> list[str]:
        return [layer.name for layer in model.layers]

    assert names(mobile.pruned) == names(mobile.parent)
    assert mobile.pruned.output_names == mobile.parent.output_names


def test_pruning_leaves_the_parent_alone(float_paper, training, images, classes):
    before = float_paper.get_weights()
    wrapped, hook = prune(float_paper, sparsity=0.5, begin_step=0, end_step=2, frequency=1)
    training(wrapped, NORMALIZATION, images, classes, 3, before_step=hook.before_step)
    strip(wrapped)
    for was, now in zip(before, float_paper.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(("end", "frequency"), [(7, 3), (4, 50), (8, 1)])
def test_the_sparsity_is_reached_whatever_the_frequency(
    float_paper, training, images, classes, end, frequency
):
    wrapped, hook = prune(
        float_paper, sparsity=0.75, begin_step=0, end_step=end, frequency=frequency
    )
    training(wrapped, NORMALIZATION, images, classes, end, before_step=hook.before_step)
    assert zero_fraction(strip(wrapped))["overall"] == pytest.approx(0.75, abs=0.01)


def test_after_an_epoch_masked_weights_are_zero(float_paper, training, images, classes):
    wrapped, hook = prune(float_paper, sparsity=0.5, begin_step=0, end_step=2, frequency=1)
    training(wrapped, NORMALIZATION, images, classes, 2, before_step=hook.before_step)
    for wrapper in hook.wrappers:
        kernel, _mask, _threshold = wrapper.pruning_vars[0]
        kernel.assign_add(np.full(kernel.shape, 1e-4))
    hook.after_epoch()
    assert zero_fraction(wrapped)["overall"] == pytest.approx(0.5, abs=0.01)


def test_a_run_resumed_from_a_checkpoint_ends_where_an_undisturbed_one_ends(
    float_paper, training, images, classes, tmp_path
):
    import tensorflow as tf
    import tf_keras as keras

    def pruning() -> tuple[Any, Any, Any]:
        wrapped, hook = prune(float_paper, sparsity=0.7, begin_step=0, end_step=9, frequency=2)
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(wrapped.trainable_variables)
        return wrapped, hook, optimizer

    def run(run: tuple[Any, Any, Any], first: int, last: int) -> None:
        wrapped, hook, optimizer = run
        training(
            wrapped,
            NORMALIZATION,
            images,
            classes,
            last,
            before_step=hook.before_step,
            first=first,
            optimizer=optimizer,
        )

    undisturbed, killed, resumed = pruning(), pruning(), pruning()
    run(undisturbed, 0, 10)
    run(killed, 0, 5)
    saved = tf.train.Checkpoint(model=killed[0], optimizer=killed[2]).write(str(tmp_path / "at5"))
    restored = tf.train.Checkpoint(model=resumed[0], optimizer=resumed[2]).read(saved)
    restored.assert_consumed()
    run(resumed, 5, 10)
    for wanted, got in zip(
        strip(undisturbed[0]).get_weights(), strip(resumed[0]).get_weights(), strict=True
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sparsity": 1.0}, "sparsity is 1.0"),
        ({"sparsity": 0.0}, "sparsity is 0.0"),
        ({"begin_step": -1}, "begin at 0 or later"),
        ({"begin_step": 10}, "end after the begin"),
        ({"frequency": 0}, "frequency is 0"),
    ],
)
def test_numbers_out_of_range_are_named(float_paper, wrong, message):
    numbers = {"sparsity": 0.5, "begin_step": 0, "end_step": 10, "frequency": 5} | wrong
    with pytest.raises(InputError, match=message):
        prune(float_paper, **numbers)


def test_a_net_with_nothing_to_prune_says_so():
    import tf_keras as keras

    pixels = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="stem")(pixels))
    net = keras.Model(pixels, keras.layers.Dense(7, name="fer2013")(x), name="tiny")
    with pytest.raises(InputError, match="tiny has no layer to prune"):
        prune(net, sparsity=0.5, begin_step=0, end_step=10)


def test_a_model_that_is_not_being_pruned_cannot_be_stripped(float_paper):
    with pytest.raises(InputError, match="no pruning wrappers to strip"):
        strip(float_paper)


def test_a_custom_layer_keeps_its_name_and_place():
    import tf_keras as keras

    class Doubled(keras.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)

        def call(self, x: Any) -> Any:
            return 2 * x

    pixels = keras.Input((48, 48, 1))
    x = keras.layers.Flatten(name="flatten")(Doubled(name="dropout")(pixels))
    x = keras.layers.Dense(4, name="dense")(x)
    net = keras.Model(pixels, keras.layers.Dense(7, name="fer2013")(x), name="custom")
    wrapped, _ = prune(net, sparsity=0.5, begin_step=0, end_step=10)
    x = np.ones((2, 48, 48, 1), np.float32)
    assert strip(wrapped).get_layer("dropout").name == "dropout"
    np.testing.assert_allclose(strip(wrapped)(x), net(x), rtol=1e-5)
