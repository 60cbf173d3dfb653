import numpy as np
import pytest
from pydantic import TypeAdapter

from device.labels import FACE_PARTS, OCCLUSION
from fer_edge import recipe
from fer_edge.models import Net

from ..conftest import NEEDS_INIT

LABELS = {"fer2013": 7, "ferplus": 8}


@pytest.mark.parametrize("name", [n for n in recipe.names() if n not in NEEDS_INIT])
def test_a_net_answers_with_one_row_of_logits_per_head(name: str) -> None:
    model = recipe.load(name).model
    heads = {head: LABELS[head] for head in model.heads}
    net = model.build(heads)
    outputs = net(np.zeros((2, 48, 48, 1), np.float32))
    outputs = outputs if isinstance(outputs, list) else [outputs]
    heads |= {OCCLUSION: len(FACE_PARTS)} if model.finds_occlusion else {}
    assert [tuple(z.shape) for z in outputs] == [(2, size) for size in heads.values()]
    assert net.output_names == list(heads)


def test_nano_fits_the_size_that_it_promises() -> None:
    net = recipe.load("nano").model.build(LABELS)
    assert net.count_params() < 80_000


def test_the_seed_decides_the_first_weights() -> None:
    model = recipe.load("demo").model
    heads = {"fer2013": 7}
    first, again, other = (model.build(heads, seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_leaving_dropout_out_changes_no_weight() -> None:
    model = recipe.load("small").model
    assert model.dropout
    with_it, without = (model.build(LABELS, dropout=d) for d in (True, False))
    without.set_weights(with_it.get_weights())
    x = np.random.default_rng(0).uniform(-1, 1, (2, 48, 48, 1)).astype(np.float32)
    for a, b in zip(with_it(x, training=False), without(x, training=False), strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    import tf_keras as keras

    from fer_edge.models.dropout import dropout

    inputs = keras.Input((1000,))
    net = keras.Model(inputs, dropout(inputs, 0.25, seed=1))
    ones = np.ones((20, 1000), np.float32)
    dropped = net(ones, training=True).numpy()
    assert np.mean(dropped == 0) == pytest.approx(0.25, abs=0.02)
    assert dropped.mean() == pytest.approx(1.0, abs=0.03)
    np.testing.assert_array_equal(net(ones, training=False), ones)


def test_convolutions_in_bfloat16_answer_nearly_alike_from_the_same_weights() -> None:
    from fer_edge.models.bfloat16 import convolutions_in_bfloat16

    exact = recipe.load("demo").model.build({"fer2013": 7})
    mixed = convolutions_in_bfloat16(exact)
    for a, b in zip(exact.weights, mixed.weights, strict=True):
        assert b.dtype == "float32"
        np.testing.assert_array_equal(a, b)
    x = np.random.default_rng(0).uniform(-1, 1, (8, 48, 48, 1)).astype(np.float32)
    a, b = exact(x, training=False).numpy(), mixed(x, training=False).numpy()
    assert b.dtype == np.float32
    assert not np.array_equal(a, b)
    np.testing.assert_allclose(a, b, atol=0.05 * np.abs(a).max())


def test_a_vgg_answers_nearly_alike_with_and_without_bfloat16() -> None:
    section = {"name": "vgg", "heads": ["fer2013"], "width": 8, "convolutions": [1, 1]}
    exact, fast = (
        TypeAdapter(Net).validate_python(section | {"bfloat16": on}).build({"fer2013": 7})
        for on in (False, True)
    )
    x = np.random.default_rng(0).uniform(-1, 1, (2, 48, 48, 1)).astype(np.float32)
    np.testing.assert_allclose(exact(x), fast(x), atol=0.1)
