"""Squeeze-and-excite, attention and hard-swish: training, pruning, clustering, int8, files."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import InputError
from device.labels import FER2013
from device.model import graph, inspection
from fer_edge import recipe
from fer_edge.models import MobileNet
from quantization.channels.analysis import analyze
from quantization.channels.importance import measure
from quantization.channels.prune import keep
from quantization.normalization import Normalization
from quantization.pruning.clustering import cluster
from quantization.pruning.clustering import strip as strip_clusters
from quantization.pruning.magnitude import prune, strip, zero_fraction
from quantization.qat.quantize_aware import calibrate, quantize_aware
from quantization.tflite.convert import to_tflite
from quantization.tflite.precision import INTEGER, PRECISIONS
from quantization.verify import layer_matching, parity
from quantization.verify import weights as verify_weights
from quantization.verify.agreement import Bound

NORMALIZATION = Normalization(128.0, 128.0)
CLUSTERS = 16
BOUND = Bound(disagreements=0.02, difference=0.1)
SECTION = {
    "name": "mobilenet",
    "heads": ["fer2013"],
    "stem": [{"width": 16, "stride": 2}],
    "stages": [
        {"width": 16, "stride": 2, "squeeze": 0.25, "activation": "hard_swish"},
        {"width": 16, "squeeze": 0.25},
        {"width": 16, "activation": "hard_swish"},
        {"width": 16, "attention": "coordinate"},
    ],
    "features": 32,
    "batchnorm_momentum": 0.9,
}


def gated_net() -> Any:
    return MobileNet.model_validate(SECTION).build({"fer2013": 7}, dropout=False)


@dataclass(frozen=True)
class Net:
    """A float net, the quantization-aware net with its zeros and clusters, and their files."""

    parent: Any
    quantized: Any
    folder: Path

    def file(self, precision: str) -> Path:
        return self.folder / f"fer2013_{precision}.tflite"

    def model(self, precision: str) -> Any:
        return self.quantized if precision == "int8" else self.parent


@pytest.fixture(scope="module")
def classes() -> np.ndarray:
    return np.arange(256) % 7


@pytest.fixture(scope="module")
def images(classes) -> np.ndarray:
    """Images with as many stripes as the class number, with noise."""
    rng = np.random.default_rng(3)
    phase = rng.uniform(0, 2 * np.pi, (len(classes), 1, 1))
    rows = np.arange(48)[np.newaxis, :, np.newaxis]
    waves = np.sin(rows * (classes[:, np.newaxis, np.newaxis] + 1) * 2 * np.pi / 24 + phase)
    noise = rng.normal(0, 15, (len(classes), 48, 48))
    return np.clip(128 + 90 * waves + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def net(images, classes, tmp_path_factory) -> Net:
    x = NORMALIZATION.apply(images)

    def train(model: Any, epochs: int) -> None:
        import tf_keras as keras

        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(2e-3), loss)
        model.fit(x, classes, batch_size=32, epochs=epochs, verbose=0)

    parent = gated_net()
    train(parent, 8)
    wrapped, hook = prune(parent, sparsity=0.5, begin_step=0, end_step=1)
    hook.before_step(1)
    for wrapper in hook.wrappers:
        wrapper.pruning_obj.conditional_mask_update()
    parent = strip(wrapped)
    clustered = strip_clusters(cluster(parent, clusters=CLUSTERS, keep_zeros=True))
    quantized = quantize_aware(
        clustered, normalization=NORMALIZATION, keep_zeros=True, clusters=CLUSTERS
    )
    calibrate(quantized, images, normalization=NORMALIZATION)
    train(quantized, 2)
    made = Net(parent, quantized, tmp_path_factory.mktemp("gated"))
    for precision in PRECISIONS:
        to_tflite(
            made.model(precision),
            made.file(precision),
            head="fer2013",
            labels=FER2013,
            precision=precision,
            normalization=NORMALIZATION,
            calibration=images,
        )
    return made


def test_left_out_the_options_change_nothing():
    plain = [{"width": 16, "stride": 2}, {"width": 16}]
    said = [stage | {"squeeze": 0.0, "activation": "relu6", "attention": "none"} for stage in plain]
    built = [
        MobileNet.model_validate(SECTION | {"stages": stages}).build({"fer2013": 7})
        for stages in (plain, said)
    ]
    first, second = ([w.name for w in model.weights] for model in built)
    assert first == second
    assert not [name for name in first if "_se_" in name or "_gate_" in name]
    assert {type(layer).__name__ for layer in built[0].layers}.isdisjoint({"HardSwish", "Multiply"})


def test_hard_swish_is_what_its_paper_says():
    from quantization.qat.hard_swish import HardSwish

    x = np.array([-9, -3, -1.5, 0, 1, 3, 9], np.float32)
    wanted = x * np.clip(x + 3, 0, 6) / 6
    np.testing.assert_allclose(HardSwish()(x), wanted, rtol=1e-6)


def test_a_net_with_new_gates_answers_as_the_net_without(images):
    stages = [stage | {"attention": "coordinate"} for stage in SECTION["stages"]]
    gated, plain = (
        MobileNet.model_validate(SECTION | {"stages": each}).build({"fer2013": 7}, dropout=False)
        for each in (stages, [stage | {"attention": "none"} for stage in stages])
    )
    for layer in plain.layers:
        gated.get_layer(layer.name).set_weights(layer.get_weights())
    x = NORMALIZATION.apply(images[:8])
    np.testing.assert_array_equal(gated(x), plain(x))


def test_a_gate_scales_rows_and_columns():
    model = gated_net()
    name = "stage3_block0_gate_rows"
    kernel, bias = (np.array(w) for w in model.get_layer(f"{name}_excite").get_weights())
    model.get_layer(f"{name}_excite").set_weights([kernel, bias * 2])
    import tf_keras as keras

    ends = [
        model.get_layer(f"stage3_block0_{end}").output for end in ("project_bn", "gate_rows_scale")
    ]
    before, after = keras.Model(model.input, ends)(np.full((1, 48, 48, 1), 0.5, np.float32))
    np.testing.assert_allclose(after, 2 * before, rtol=1e-6)
    assert model.get_layer(f"{name}_mean").output.shape[1:] == (12, 1, 16)
    assert model.get_layer("stage3_block0_gate_columns_mean").output.shape[1:] == (1, 12, 16)


def test_the_squeezed_width_is_a_share_in_whole_eights():
    model = gated_net()
    assert model.get_layer("stage0_block0_se_squeeze").filters == 8
    assert model.get_layer("stage0_block0_se_excite").filters == 32


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_file_agrees_with_its_model(precision, net, images):
    parity.check(
        net.file(precision),
        net.model(precision),
        images,
        head="fer2013",
        normalization=NORMALIZATION,
        bound=BOUND,
    )


@pytest.mark.parametrize("precision", INTEGER)
def test_integer_files_are_integers_to_the_last_tensor(precision, net):
    assert parity.float_tensors(net.file(precision)) == []
    found = inspection.inspect(net.file(precision))
    assert found.islands == ()


@pytest.mark.parametrize("precision", ["float32", "ptq", "int8"])
def test_hard_swish_and_gate_are_one_operator_each(precision, net):
    kinds = Counter(operator.name for operator in graph.load(net.file(precision)).operators)
    assert kinds["HARD_SWISH"] == 4
    assert kinds["LOGISTIC"] == 2
    assert kinds["MUL"] == kinds["LOGISTIC"] + 2  # rows and columns


def test_xnnpack_takes_the_gates(net):
    found = inspection.inspect(net.file("int8"))
    assert found.delegation is not None
    left = {
        operator.name
        for operator in found.graph.operators
        if operator.index not in found.delegation.operators
    }
    assert left <= {"HARD_SWISH", "SOFTMAX"}


def test_each_operator_of_the_int8_file_finds_its_float_one(net):
    parent, child = graph.load(net.file("float32")), graph.load(net.file("int8"))
    pairs = layer_matching.match(parent, child)
    assert [ours.index for _, ours in pairs] == [o.index for o in child.operators]
    layers = [
        (inspection.layer(parent, a.index), inspection.layer(child, b.index)) for a, b in pairs
    ]
    swishes = [(a, b) for a, b in layers if b.endswith("_hswish")]
    assert len(swishes) == 4
    assert all(a == b for a, b in swishes)


def test_zeros_and_clusters_are_in_the_file(net):
    zeros = zero_fraction(net.parent)["layers"]
    assert {"stage0_block0_se_squeeze", "stage0_block0_se_excite"} <= set(zeros)
    expected = verify_weights.Expectation(zeros, two_of_four=False, values=CLUSTERS)
    verify_weights.assert_kept(net.file("int8"), expected)


def test_channels_of_an_expansion_leave_the_gate_too(images):
    model = gated_net()
    off = [1, 5, 7]
    for name in ("expand_bn", "dw_bn"):
        layer = model.get_layer(f"stage0_block0_{name}")
        scale, *others = layer.get_weights()
        scale[off] = 0
        layer.set_weights([scale, *others])
    group = "stage0_block0_expand_conv"
    narrow = keep(model, {group: np.setdiff1d(np.arange(32), off).tolist()})
    assert narrow.get_layer("stage0_block0_se_excite").filters == 29
    assert narrow.get_layer("stage0_block0_se_squeeze").kernel.shape == (1, 1, 29, 8)
    assert analyze(narrow).multiply_adds() < analyze(model).multiply_adds()
    x = NORMALIZATION.apply(images[:4])
    np.testing.assert_allclose(narrow(x), model(x), atol=1e-5)


def test_channels_of_a_block_leave_its_gates_too(images):
    model = MobileNet.model_validate(
        SECTION | {"stages": [{"width": 16, "stride": 2, "attention": "coordinate"}]}
    ).build({"fer2013": 7}, dropout=False)
    kept = [0, 2, 3, *range(5, 16)]
    narrow = keep(model, {"stage0_block0_project_conv": kept})
    assert narrow.get_layer("stage0_block0_gate_rows_excite").filters == len(kept)
    assert narrow.get_layer("stage0_block0_gate_columns_squeeze").kernel.shape[2] == len(kept)


def test_importance_of_gated_channels(images, classes):
    model = gated_net()
    free = {g.name for g in analyze(model).groups.values() if g.free}
    assert {"stage0_block0_expand_conv", "stage0_block0_se_squeeze"} <= free
    x, y = NORMALIZATION.apply(images[:16]), np.eye(7, dtype=np.float32)[classes[:16]]
    assert set(measure(model, "taylor", images=x, targets=[y])) == free
    with pytest.raises(InputError, match="BatchNorm after stage0_block0_se_excite: use taylor"):
        measure(model, "batchnorm")


def test_a_recipe_takes_the_options_and_names_a_slip():
    stages = 'model.stages=[{{ width = 8, squeeze = 0.25, activation = "{}" }}]'
    chosen = recipe.load("demo", [stages.format("hard_swish")])
    assert chosen.model.stages[0].activation == "hard_swish"
    with pytest.raises(InputError, match=r"stages\.0\.activation"):
        recipe.load("demo", [stages.format("swish")])
