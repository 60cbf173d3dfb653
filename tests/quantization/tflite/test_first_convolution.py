import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.labels import FER2013
from device.model import graph
from device.model.classifier import Classifier
from fer_edge import zoo
from quantization.tflite import first_convolution, metadata
from quantization.tflite.convert import to_tflite


def load(path):
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(path.read_bytes())


@pytest.mark.parametrize("name", ["zoo:nano", "zoo:base/ferplus_int8"])
@pytest.mark.parametrize("resolver", ["xnnpack", "builtin", "reference"])
def test_the_answers_are_the_same_to_the_bit(name, resolver, tmp_path):
    path = zoo.resolve(name)
    model = load(path)
    assert first_convolution.to_blocks(model)
    blocks = tmp_path / "blocks.tflite"
    labels = Classifier(path).labels
    blocks.write_bytes(
        metadata.attach(model, name="", description="", labels=labels, mean=128.0, std=128.0)
    )
    assert [op.name for op in graph.load(blocks).operators][:2] == ["SPACE_TO_DEPTH", "CONV_2D"]
    before, after = (Classifier(file, resolver=resolver) for file in (path, blocks))
    faces = np.random.default_rng(0).integers(0, 256, (10, 48, 48), dtype=np.uint8)
    for face in faces[: 2 if resolver == "reference" else 10]:
        np.testing.assert_array_equal(before(face), after(face))


def test_other_models_stay_as_they_are():
    assert not first_convolution.to_blocks(load(zoo.resolve("zoo:nano/fer2013_float32")))
    dense = load(zoo.resolve("zoo:nano"))
    dense.subgraphs[0].operators[0].builtinOptions.strideH = 1
    assert not first_convolution.to_blocks(dense)
    twice = load(zoo.resolve("zoo:nano"))
    assert first_convolution.to_blocks(twice)
    assert not first_convolution.to_blocks(twice)


@pytest.mark.slow
def test_a_conversion_writes_it(mobile, tmp_path, images):
    path, blocks = mobile.file("int8"), tmp_path / "blocks.tflite"
    to_tflite(
        mobile.quantized,
        blocks,
        head="fer2013",
        labels=FER2013,
        precision="int8",
        normalization=mobile.normalization,
        space_to_depth=True,
    )
    names = [operator.name for operator in graph.load(blocks).operators]
    assert names[0] == "SPACE_TO_DEPTH"
    before, after = Classifier(path), Classifier(blocks)
    for face in images[:10]:
        np.testing.assert_array_equal(before(face), after(face))


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_kernel_over_blocks_is_the_kernel(outputs, seed):
    random = np.random.default_rng(seed)
    kernel = random.integers(-127, 128, (outputs, 3, 3, 1), dtype=np.int8)
    pixels = random.integers(-128, 128, (4, 4)).astype(np.int64)
    blocks = pixels.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4)
    expected = np.einsum("oyx,yx->o", kernel[..., 0].astype(np.int64), pixels[:3, :3])
    found = np.einsum(
        "oyxc,yxc->o", first_convolution.block_kernel(kernel).astype(np.int64), blocks
    )
    np.testing.assert_array_equal(found, expected)
