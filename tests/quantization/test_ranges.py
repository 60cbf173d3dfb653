from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quantization.keras_layers import quantize_wrappers
from quantization.qat.quantize_aware import calibrate, quantize_aware
from quantization.range_method import RANGE_METHODS
from quantization.ranges import (
    BINS,
    PERCENTILE,
    Histogram,
    estimate,
    from_histogram,
    mean_square_error,
    moving_average,
    quantized,
)

SHARES = np.arange(0.3, 1.01, 0.1)

finite = st.floats(-1000, 1000, width=32)
values = arrays(np.float32, st.integers(1, 300), elements=finite)


@pytest.mark.parametrize("ranges", RANGE_METHODS)
@given(x=values)
def test_a_range_contains_0_and_lies_within_what_was_seen(ranges, x):
    low, high = estimate(x, ranges)
    assert min(float(x.min()), 0.0) <= low <= 0.0 <= high <= max(float(x.max()), 0.0)


@given(x=values)
@example(x=np.array([np.finfo(np.float32).tiny], np.float32))
@example(x=np.array([np.finfo(np.float32).smallest_subnormal], np.float32))
def test_mse_is_no_worse_than_minmax_up_to_the_width_of_a_bin(x):
    if not np.any(x):
        assert estimate(x, "mse") == estimate(x, "minmax") == (0.0, 0.0)
        return
    found, widest = (mean_square_error(x, estimate(x, method)) for method in ("mse", "minmax"))
    bin_width = (float(x.max()) - float(x.min())) / BINS  # to the mean of which an error may refer
    assert np.sqrt(found) <= np.sqrt(widest) * 1.001 + 2.01 * bin_width


@given(x=values)
def test_what_is_quantized_stays_within_half_a_step(x):
    low, high = estimate(x, "minmax")
    if high - low < 1e-3:
        return
    # Both ends move by up to half a step, so that 0 is one of the 256 values.
    assert np.abs(quantized(x, (low, high)) - x).max() <= 1.01 * (high - low) / 255
    assert quantized(np.zeros(1, np.float32), (low, high)) == 0


def test_quantized_is_what_the_training_computes():
    import tensorflow as tf

    x = np.random.default_rng(1).normal(0, 1, 5000).astype(np.float32)
    theirs = tf.quantization.fake_quant_with_min_max_vars(x, -1.3, 2.1).numpy()
    np.testing.assert_allclose(quantized(x, (-1.3, 2.1)), theirs, atol=1e-5)


@given(seed=st.integers(0, 99))
def test_a_percentile_cuts_half_of_the_rest_off_each_end_to_a_bin(seed):
    x = np.random.default_rng(seed).normal(0, 1, 50_000).astype(np.float32)
    tail = (100 - PERCENTILE) / 2
    wanted = np.percentile(x, [tail, 100 - tail], method="inverted_cdf")
    bin_width = float(x.max() - x.min()) / BINS
    np.testing.assert_allclose(estimate(x, "percentile"), wanted, atol=1.01 * bin_width)


@pytest.mark.parametrize("method", RANGE_METHODS)
def test_training_and_calibration_estimate_alike(method):
    """All values at once, as in training, and image by image, as in calibration."""
    x = np.random.default_rng(4).laplace(0, 1, (20, 1000)).astype(np.float32)
    if method == "moving_average":
        extremes = np.array([(x.min(), x.max())])
        assert moving_average(extremes) == estimate(x, method)
        return
    histogram = Histogram(x.min(), x.max())
    for part in x:
        histogram.add(part)
    assert from_histogram(histogram, method) == pytest.approx(estimate(x, method))


def test_a_percentile_cuts_a_lone_outlier_off():
    x = np.random.default_rng(2).normal(0, 1, 100_000).astype(np.float32)
    x[17] = 500
    low, high = estimate(x, "percentile")
    assert -5 < low < -3 < 3 < high < 5


def test_mse_cuts_long_tails_and_no_range_of_a_grid_is_better():
    x = np.random.default_rng(2).laplace(0, 1, 200_000).astype(np.float32)
    widest, found = estimate(x, "minmax"), estimate(x, "mse")
    assert found[1] - found[0] < 0.95 * (widest[1] - widest[0])
    grid = [(widest[0] * a, widest[1] * b) for a in SHARES for b in SHARES]
    assert mean_square_error(x, found) <= 1.01 * min(mean_square_error(x, r) for r in grid)


def test_a_relu_keeps_its_zero_as_the_lower_end():
    x = np.maximum(np.random.default_rng(3).normal(0, 1, 10_000), 0).astype(np.float32)
    for ranges in RANGE_METHODS:
        assert estimate(x, ranges)[0] == 0


def activation_ranges(model: Any) -> list[float]:
    """Both ends of all activation ranges, in the order of the net."""
    names = ("activation_min", "activation_max", "output_min", "output_max")
    return [
        float(variable)
        for wrapper in quantize_wrappers(model)
        for variable in wrapper.non_trainable_variables
        if variable.shape == () and variable.name.split(":")[0].endswith(names)
    ]


@pytest.mark.parametrize("ranges", RANGE_METHODS)
def test_only_a_moving_average_moves_while_the_net_trains(
    ranges, mobile, training, images, classes
):
    net = quantize_aware(mobile.pruned, normalization=mobile.normalization, keep_zeros=True)
    calibrate(net, images, normalization=mobile.normalization, ranges=ranges)
    before = activation_ranges(net)
    assert len(before) > 10
    weights = net.get_layer("quant_features_conv").trainable_weights[0].numpy()
    training(net, mobile.normalization, images, classes, steps=2)
    assert (activation_ranges(net) != before) == (ranges == "moving_average")
    assert np.any(net.get_layer("quant_features_conv").trainable_weights[0].numpy() != weights)


def test_mse_narrows_ranges_of_a_net_and_minmax_is_where_the_average_starts(mobile, images):
    found = {}
    for ranges in ("moving_average", "minmax", "mse"):
        net = quantize_aware(mobile.pruned, normalization=mobile.normalization, keep_zeros=True)
        calibrate(net, images, normalization=mobile.normalization, ranges=ranges)
        found[ranges] = activation_ranges(net)
    assert found["moving_average"] == found["minmax"]
    assert np.abs(found["mse"]).sum() < np.abs(found["minmax"]).sum()
