"""Pruning patterns, clustering, and their traces in the int8 file."""

from typing import Any

import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from device.labels import FER2013
from device.model.classifier import Classifier
from quantization.pruning.clustering import cluster, strip
from quantization.pruning.magnitude import prune, pruned_kernels, zero_fraction
from quantization.pruning.magnitude import strip as strip_pruning
from quantization.qat.quantize_aware import calibrate, quantize_aware
from quantization.tflite.convert import to_tflite
from quantization.verify.weights import Expectation, assert_kept, kernels, summarize, two_of_four


def zero_blocks(values: np.ndarray, block: tuple[int, int]) -> float:
    """The fraction of all-zero blocks (inputs, outputs) of a kernel [out, ..., in]."""
    inputs, outputs = block
    some = values.reshape(-1, values.shape[-1]) != 0
    some = np.add.reduceat(some, np.arange(0, some.shape[0], outputs), axis=0)
    some = np.add.reduceat(some, np.arange(0, some.shape[1], inputs), axis=1)
    return float(np.mean(some == 0))


POINTWISE = ("separable_conv", "expand_conv", "project_conv", "features_conv")
CLUSTERS = 6


def rows(kernel: np.ndarray) -> np.ndarray:
    """Convert Keras' [1, 1, in, out] to the file's [out, 1, 1, in]."""
    return np.moveaxis(kernel, -1, 0)


@pytest.fixture(scope="module")
def pruned(mobile, training, images, classes) -> dict[str, Any]:
    """The trained small net, pruned in each pattern."""
    nets = {}
    for pattern in ("2:4", "block"):
        net, hook = prune(
            mobile.parent, sparsity=0.5, begin_step=0, end_step=4, frequency=2, pattern=pattern
        )
        training(net, mobile.normalization, images, classes, 5, before_step=hook.before_step)
        nets[pattern] = strip_pruning(net)
    return nets


@pytest.fixture(scope="module")
def clustered(mobile, pruned, training, images, classes) -> Any:
    net = cluster(pruned["2:4"], clusters=CLUSTERS, keep_zeros=True)
    training(net, mobile.normalization, images, classes, 4)
    return strip(net)


@pytest.fixture(scope="module")
def files(mobile, pruned, clustered, training, images, classes, tmp_path_factory) -> dict[str, Any]:
    """The int8 files of the net pruned in blocks and of the one pruned 2:4 and clustered."""
    found = {}
    folder = tmp_path_factory.mktemp("patterns")
    for name, parent, clusters in (("block", pruned["block"], 0), ("2:4", clustered, CLUSTERS)):
        net = quantize_aware(
            parent, normalization=mobile.normalization, keep_zeros=True, clusters=clusters
        )
        calibrate(net, images, normalization=mobile.normalization)
        training(net, mobile.normalization, images, classes, 4)
        found[name] = folder / f"{name.replace(':', '_')}.tflite"
        to_tflite(
            net,
            found[name],
            head="fer2013",
            labels=FER2013,
            precision="int8",
            normalization=mobile.normalization,
        )
    return found


def pointwise(path: Any) -> dict[str, np.ndarray]:
    """The kernels in a file that the pruning rule selects."""
    return {name: values for name, values, _ in kernels(path) if name in POINTWISE}


def test_two_of_four_inputs_are_zero(pruned):
    for layer, kernel in pruned_kernels(pruned["2:4"]):
        assert two_of_four(rows(kernel)), layer.name
    assert zero_fraction(pruned["2:4"])["overall"] == pytest.approx(0.5)


def test_blocks_of_eight_inputs_are_zero(pruned):
    for layer, kernel in pruned_kernels(pruned["block"]):
        assert zero_blocks(rows(kernel), (8, 1)) == pytest.approx(0.5, abs=0.1), layer.name
        assert np.mean(kernel == 0) == pytest.approx(zero_blocks(rows(kernel), (8, 1)))


def test_a_kernel_has_a_few_values_and_keeps_its_zeros(pruned, clustered):
    for layer, kernel in pruned_kernels(clustered):
        assert len(np.unique(kernel)) <= CLUSTERS, layer.name
        assert two_of_four(rows(kernel)), layer.name
    before = {layer.name: kernel for layer, kernel in pruned_kernels(pruned["2:4"])}
    for layer, kernel in pruned_kernels(clustered):
        assert np.all(kernel[before[layer.name] == 0] == 0)
    names = [layer.name for layer in pruned["2:4"].layers]
    assert [layer.name for layer in clustered.layers] == names


def test_blocks_survive_to_the_int8_file(files):
    found = pointwise(files["block"])
    assert set(found) == set(POINTWISE)
    for layer, values in found.items():
        assert zero_blocks(values, (8, 1)) == pytest.approx(0.5, abs=0.1), layer


def test_two_of_four_and_clusters_survive_to_the_int8_file(files):
    assert set(pointwise(files["2:4"])) == set(POINTWISE)
    found = summarize(files["2:4"])
    for kernel in found["kernels"]:
        if kernel["name"] in POINTWISE:
            assert kernel["two_of_four"]
            assert kernel["values_per_output"] <= CLUSTERS
        else:
            assert kernel["zeros"] < 0.1
    assert Classifier(files["2:4"]).precision == "int8"


def test_a_file_is_held_to_what_was_promised(files):
    zeros = dict.fromkeys(POINTWISE, 0.5)
    assert_kept(files["2:4"], Expectation(zeros, two_of_four=True, values=CLUSTERS))
    for name, promise, message in (
        ("2:4", Expectation({"other_conv": 0.5}, False, None), "no kernel of layer other_conv"),
        ("2:4", Expectation(dict.fromkeys(POINTWISE, 0.95), False, None), r"0\.950 were pruned"),
        ("block", Expectation(dict.fromkeys(POINTWISE, 0.4), True, None), "lost its 2:4 pattern"),
        ("2:4", Expectation(zeros, True, 3), "more than 3 clusters"),
    ):
        with pytest.raises(CheckFailedError, match=message):
            assert_kept(files[name], promise)


def test_few_values_and_zeros_compress(files, mobile):
    plain, small = summarize(mobile.file("ptq")), summarize(files["2:4"])
    assert small["bytes_gzip"] < plain["bytes_gzip"]
    assert small["zeros"] > 0.3


def test_clusters_move_in_training_for_int8(mobile, clustered, training, images, classes):
    net = quantize_aware(
        clustered, normalization=mobile.normalization, keep_zeros=True, clusters=CLUSTERS
    )
    trained = [variable.name for variable in net.trainable_variables]
    assert sum("cluster_centroids" in name for name in trained) == len(POINTWISE)
    before = {layer.name: kernel for layer, kernel in pruned_kernels(net)}
    training(net, mobile.normalization, images, classes, 3)
    for layer, kernel in pruned_kernels(net):
        assert np.any(kernel != before[layer.name])
        assert two_of_four(rows(kernel))


def test_an_interrupted_clustering_goes_on(mobile, pruned, training, images, classes, tmp_path):
    import tensorflow as tf

    def wrapped() -> Any:
        return cluster(pruned["block"], clusters=CLUSTERS, keep_zeros=True)

    killed, resumed = wrapped(), wrapped()
    training(killed, mobile.normalization, images, classes, 2)
    saved = tf.train.Checkpoint(model=killed).write(str(tmp_path / "at2"))
    tf.train.Checkpoint(model=resumed).read(saved).assert_existing_objects_matched()
    for wanted, got in zip(strip(killed).get_weights(), strip(resumed).get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pattern": "2:4", "sparsity": 0.6}, "two of four weights are 0.5"),
        ({"pattern": "block", "block": (1, 1)}, "give more than one"),
        ({"pattern": "block", "block": (8, 0)}, "give more than one"),
    ],
)
def test_patterns_that_do_not_exist_are_named(float_paper, options, message):
    with pytest.raises(InputError, match=message):
        prune(float_paper, **({"sparsity": 0.5, "begin_step": 0, "end_step": 10} | options))


def test_too_few_clusters_are_named(float_paper):
    with pytest.raises(InputError, match="give 3 or more"):
        cluster(float_paper, clusters=2, keep_zeros=False)
    with pytest.raises(InputError, match="no clustering wrappers to strip"):
        strip(float_paper)


def test_blocks_leave_larger_kernels_alone(float_paper):
    wrapped, hook = prune(float_paper, sparsity=0.5, begin_step=0, end_step=4, pattern="block")
    assert [wrapper.layer.name for wrapper in hook.wrappers] == ["dense32"]
    assert wrapped.output_names == ["fer2013"]
