from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import CheckFailedError, InputError
from quantization.channels.analysis import analyze
from quantization.channels.importance import measure
from quantization.channels.prune import keep
from quantization.channels.selection import select_channels

SIDE = 12
FREE = {"stem_conv": 16, "expand_conv": 32, "features_conv": 24}


def residual_net() -> Any:
    """A stem, a depthwise block whose Add ties stem and projection, features, two heads."""
    import tf_keras as keras

    layers = keras.layers

    def normed(x: Any, name: str, relu: bool = True) -> Any:
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x

    def conv(x: Any, filters: int, kernel: int, name: str, relu: bool = True) -> Any:
        options = {"padding": "same", "use_bias": False, "name": f"{name}_conv"}
        return normed(layers.Conv2D(filters, kernel, **options)(x), name, relu)

    keras.utils.set_random_seed(4)
    pixels = keras.Input((SIDE, SIDE, 1), name="pixels")
    x = conv(pixels, 16, 3, "stem")
    y = conv(x, 32, 1, "expand")
    y = normed(layers.DepthwiseConv2D(3, 2, "same", use_bias=False, name="dw")(y), "dw")
    y = conv(y, 16, 1, "project", relu=False)
    short = layers.AveragePooling2D(2, name="shrink")(x)
    x = conv(layers.Add(name="add")([short, y]), 24, 1, "features")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    heads = [layers.Dense(7, name="fer2013")(x), layers.Dense(8, name="ferplus")(x)]
    return lived_in(keras.Model(pixels, heads, name="residual"))


def plain_net() -> Any:
    """Other layers: biases, squeeze-and-excite, Flatten, a hidden dense layer."""
    import tf_keras as keras

    layers = keras.layers
    keras.utils.set_random_seed(5)
    pixels = keras.Input((SIDE, SIDE, 1), name="pixels")
    x = layers.Conv2D(16, 3, activation="relu", name="first")(pixels)
    g = layers.Dense(8, activation="relu", name="squeeze")(layers.GlobalAveragePooling2D()(x))
    g = layers.Dense(16, activation="sigmoid", name="excite")(g)
    x = layers.Multiply(name="scale_layer")([x, layers.Reshape((1, 1, 16), name="wide")(g)])
    x = layers.MaxPooling2D(2, name="max")(x)
    x = layers.Dense(24, activation="relu", name="hidden")(layers.Flatten(name="flat")(x))
    return lived_in(keras.Model(pixels, layers.Dense(7, name="fer2013")(x), name="plain"))


def lived_in(model: Any) -> Any:
    """Scales, offsets, means and biases other than 0 and 1, as after a training."""
    rng = np.random.default_rng(6)
    for layer in model.layers:
        layer.set_weights(
            [
                w if w.ndim > 1 else rng.uniform(0.3, 1.2, w.shape).astype(np.float32)
                for w in layer.get_weights()
            ]
        )
    return model


@pytest.fixture(scope="module")
def residual() -> Any:
    return residual_net()


@pytest.fixture(scope="module")
def plain() -> Any:
    return plain_net()


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(7).uniform(-1, 1, (3, SIDE, SIDE, 1)).astype(np.float32)


def outputs(model: Any, x: np.ndarray) -> np.ndarray:
    answers = model(x, training=False)
    return np.concatenate(answers if isinstance(answers, list) else [answers], axis=1)


def counted(model: Any) -> int:
    """Multiply-adds from the actual kernels and shapes of the layers."""
    return sum(
        prod(weights[0].shape) * prod(layer.output_shape[1:-1])
        for layer in model.layers
        if (weights := layer.get_weights()) and weights[0].ndim > 1
    )


def test_channels_that_an_add_ties_are_one_group(residual):
    groups = analyze(residual).groups
    assert {name: group.size for name, group in groups.items() if group.free} == FREE
    assert groups["stem_conv"].producers == ("stem_conv", "project_conv")
    assert groups["stem_conv"].scale_layers == ("stem_bn", "project_bn")
    assert not groups["fer2013"].free


def test_channels_that_a_gate_multiplies_are_one_group(plain):
    groups = analyze(plain).groups
    free = {name: group.size for name, group in groups.items() if group.free}
    assert free == {"first": 16, "squeeze": 8, "hidden": 24}
    assert groups["first"].producers == ("first", "excite")


@pytest.mark.parametrize("name", ["residual", "plain"])
def test_with_nothing_pruned_the_outputs_are_the_same_to_the_bit(name, request, x):
    net = request.getfixturevalue(name)
    everything = {g.name: range(g.size) for g in analyze(net).groups.values() if g.free}
    for kept in ({}, everything):
        np.testing.assert_array_equal(outputs(keep(net, kept), x), outputs(net, x))


@settings(max_examples=8)
@given(data=st.data())
def test_any_kept_channels_make_a_net_of_the_promised_cost(residual, x, data):
    kept = {
        name: data.draw(st.sets(st.integers(0, size - 1), min_size=1).map(sorted), label=name)
        for name, size in FREE.items()
    }
    narrow = keep(residual, kept)
    widths = {name: len(channels) for name, channels in kept.items()}
    assert [layer.name for layer in narrow.layers] == [layer.name for layer in residual.layers]
    assert (
        analyze(residual).multiply_adds(widths)
        == analyze(narrow).multiply_adds()
        == counted(narrow)
    )
    assert analyze(residual).weight_bytes(widths) == analyze(narrow).weight_bytes()
    assert np.all(np.isfinite(outputs(narrow, x)))
    assert narrow.get_layer("add").output_shape[-1] == widths["stem_conv"]
    np.testing.assert_array_equal(
        narrow.get_layer("expand_bn").gamma,
        np.asarray(residual.get_layer("expand_bn").gamma)[kept["expand_conv"]],
    )


def switch_off(model: Any, scale_layers: dict[str, list[int]], offset: float) -> None:
    for name, channels in scale_layers.items():
        gamma, beta, *statistics = model.get_layer(name).get_weights()
        gamma[channels], beta[channels] = 0, offset
        model.get_layer(name).set_weights([gamma, beta, *statistics])


@pytest.mark.parametrize(
    ("group", "scale_layers", "offset"),
    [
        # The depthwise BatchNorm behind a silent channel still has an offset of its own.
        ("expand_conv", ["expand_bn"], 0.0),
        ("expand_conv", ["dw_bn", "expand_bn"], 0.0),
        ("stem_conv", ["stem_bn", "project_bn"], 0.0),
        ("features_conv", ["features_bn"], 0.0),
        # Scale 0 and an offset: a constant, of which ReLU6 passes 0.4 and 6.
        ("stem_conv", ["stem_bn", "project_bn"], 0.4),
        ("features_conv", ["features_bn"], 9.0),
        ("features_conv", ["features_bn"], -1.0),
    ],
)
def test_channels_of_scale_zero_leave_without_a_trace(group, scale_layers, offset, x):
    net = residual_net()
    switch_off(net, {scale_layer: [1, 5, 7] for scale_layer in scale_layers}, offset)
    narrow = keep(net, {group: np.setdiff1d(np.arange(FREE[group]), [1, 5, 7]).tolist()})
    np.testing.assert_allclose(outputs(narrow, x), outputs(net, x), atol=2e-5)


def test_filters_of_zeros_leave_without_a_trace_where_there_is_no_batchnorm(x):
    net = plain_net()
    for name in ("first", "hidden"):
        kernel, bias = net.get_layer(name).get_weights()
        kernel[..., [2, 3]] = 0
        net.get_layer(name).set_weights([kernel, bias])
    kept = {
        "first": [i for i in range(16) if i not in (2, 3)],
        "hidden": [i for i in range(24) if i not in (2, 3)],
    }
    narrow = keep(net, {"hidden": kept["hidden"]})
    np.testing.assert_allclose(outputs(narrow, x), outputs(net, x), rtol=1e-5)
    # What squeeze-and-excite multiplies is a constant only where its scale_layer is one, too.
    kernel, bias = net.get_layer("excite").get_weights()
    kernel[..., [2, 3]] = 0
    net.get_layer("excite").set_weights([kernel, bias])
    np.testing.assert_allclose(outputs(keep(net, kept), x), outputs(net, x), rtol=1e-5)


def test_the_net_itself_is_left_alone(residual, x):
    before = outputs(residual, x)
    keep(residual, {"expand_conv": [0, 1], "stem_conv": [3]})
    np.testing.assert_array_equal(outputs(residual, x), before)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"stem": [0]}, "no channel group 'stem'"),
        ({"project_conv": [0]}, "no channel group"),
        ({"stem_conv": []}, "at least one channel"),
        ({"stem_conv": [1, 1]}, "name each once"),
        ({"stem_conv": [16]}, "channels 0 to 15"),
        ({"fer2013": [0]}, "is kept whole"),
    ],
)
def test_what_cannot_be_kept_is_named(residual, kept, message):
    with pytest.raises(InputError, match=message):
        keep(residual, kept)


def test_a_layer_that_nobody_knows_keeps_its_channels():
    import tf_keras as keras

    pixels = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3, name="known")(pixels)
    x = keras.layers.Conv2D(8, 3, name="tied")(x)
    x = keras.layers.SeparableConv2D(8, 3, name="strange")(x)
    x = keras.layers.Dense(3, name="head")(keras.layers.Flatten()(x))
    groups = analyze(keras.Model(pixels, x)).groups
    assert {name for name, group in groups.items() if group.free} == {"known"}


def test_a_layer_called_twice_is_named():
    import tf_keras as keras

    pixels = keras.Input((8, 8, 4))
    twice = keras.layers.Conv2D(4, 3, padding="same", name="twice")
    with pytest.raises(InputError, match="twice of again is called more than once"):
        analyze(keras.Model(pixels, twice(twice(pixels)), name="again"))


def test_taylor_is_what_the_loss_loses_to_first_order(residual, x):
    import tensorflow as tf

    targets = [np.eye(labels, dtype=np.float32)[[0, 1, 2]] for labels in (7, 8)]
    scores = measure(residual, "taylor", images=x, targets=targets)

    def loss(model: Any) -> float:
        losses = [
            tf.nn.softmax_cross_entropy_with_logits(t, z)
            for t, z in zip(targets, model(x, training=False), strict=True)
        ]
        return float(sum(tf.reduce_mean(part) for part in losses))

    net, step = residual_net(), 1e-2
    gamma, beta, *statistics = net.get_layer("features_bn").get_weights()
    slopes = []
    for channel in range(24):
        at = []
        for factor in (1 - step, 1 + step):
            g, b = gamma.copy(), beta.copy()
            g[channel] *= factor
            b[channel] *= factor
            net.get_layer("features_bn").set_weights([g, b, *statistics])
            at.append(loss(net))
        slopes.append((at[1] - at[0]) / (2 * step))
    np.testing.assert_allclose(np.sqrt(scores["features_conv"]), np.abs(slopes), atol=1e-3)


@pytest.mark.parametrize("kind", ["batchnorm", "l1"])
def test_magnitudes_are_judged_against_their_layer(residual, kind):
    scores = measure(residual, kind)
    assert {name: len(values) for name, values in scores.items()} == FREE
    assert scores["expand_conv"].mean() == pytest.approx(1)
    assert scores["stem_conv"].mean() == pytest.approx(2)  # stem and projection
    if kind == "batchnorm":
        gamma = np.abs(residual.get_layer("expand_bn").gamma.numpy())
        np.testing.assert_allclose(scores["expand_conv"], gamma / gamma.mean(), rtol=1e-6)


def test_importance_that_cannot_be_measured_is_named(residual, plain):
    with pytest.raises(InputError, match="needs labeled images"):
        measure(residual, "taylor")
    with pytest.raises(InputError, match="BatchNorm after first"):
        measure(plain, "batchnorm")


@pytest.mark.parametrize("target", ["multiply_adds", "size"])
def test_the_budget_is_kept_in_whole_eights(residual, target):
    kept = select_channels(residual, measure(residual, "l1"), target=target, share=0.7)
    whole, narrow = analyze(residual), analyze(keep(residual, kept))
    cost = type(whole).weight_bytes if target == "size" else type(whole).multiply_adds
    assert 0.35 <= cost(narrow) / cost(whole) <= 0.7
    assert all(len(channels) % 8 == 0 for channels in kept.values())
    assert all(2 * len(channels) >= FREE[name] for name, channels in kept.items())


def test_widths_follow_the_kernels_of_a_core(residual):
    kept = select_channels(
        residual, measure(residual, "l1"), target="multiply_adds", share=0.7, multiple=16
    )
    assert kept
    assert all(len(channels) % 16 == 0 for channels in kept.values())


def test_what_the_last_cut_saved_too_much_is_given_back(residual):
    scores = measure(residual, "l1")
    layout = analyze(residual)
    kept = select_channels(residual, scores, target="multiply_adds", share=0.6)
    widths = layout.widths | {name: len(channels) for name, channels in kept.items()}
    for name in kept:
        wider = widths | {name: min(widths[name] + 8, layout.groups[name].size)}
        assert layout.multiply_adds(wider) > 0.6 * layout.multiply_adds()


def test_the_least_important_go(residual):
    scores = measure(residual, "l1")
    scores["expand_conv"][:] = np.arange(32) * 1e-6
    kept = select_channels(residual, scores, target="multiply_adds", share=0.9)
    assert kept["expand_conv"] == list(range(32 - len(kept["expand_conv"]), 32))


def test_a_latency_is_met_by_measuring_candidates(residual):
    tried = []

    def slow_to_shrink(candidate: Any) -> float:
        tried.append(analyze(candidate).multiply_adds() / analyze(residual).multiply_adds())
        return 0.3 + 0.7 * tried[-1]

    scores = measure(residual, "l1")
    kept = select_channels(residual, scores, target="latency", share=0.75, measure=slow_to_shrink)
    assert slow_to_shrink(keep(residual, kept)) <= 0.75
    assert len(tried) <= 7
    with pytest.raises(CheckFailedError, match=r"no candidate reached 0\.20"):
        select_channels(residual, scores, target="latency", share=0.2, measure=slow_to_shrink)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "multiply_adds", "share": 0.05}, "takes more steps"),
        ({"target": "size", "share": 1.0}, "between 0 and 1"),
        ({"target": "latency", "share": 0.5}, "function that measures"),
    ],
)
def test_a_target_out_of_reach_is_named(residual, options, message):
    with pytest.raises(InputError, match=message):
        select_channels(residual, measure(residual, "l1"), **options)
