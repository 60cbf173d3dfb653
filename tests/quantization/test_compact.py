"""A compacted file is the same model in fewer bytes."""

from pathlib import Path

import numpy as np
import pytest

from device.graph import parse
from device.interpreter import Classifier
from quantization import compact

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain(mobile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The int8 file with every vector written out, as the converter writes it."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    content = mobile.file("int8").read_bytes()
    graph = schema.ModelT.InitFromPackedBuf(content)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(graph.Pack(builder), file_identifier=b"TFL3")
    path = tmp_path_factory.mktemp("plain") / "plain.tflite"
    archive = content[content.rindex(b"PK\x03\x04") :]
    path.write_bytes(bytes(builder.Output()) + archive)
    return path


def test_equal_vectors_are_stored_once(mobile, plain: Path) -> None:
    file = mobile.file("int8")
    assert file.stat().st_size < 0.9 * plain.stat().st_size
    ours, theirs = (parse(path.read_bytes(), path) for path in (file, plain))
    assert ours.operators == theirs.operators
    assert ours.parameters == theirs.parameters


@pytest.mark.parametrize("resolver", ["xnnpack", "builtin", "reference"])
def test_it_answers_alike_to_the_bit(mobile, plain: Path, images, resolver) -> None:
    one, other = (Classifier(path, resolver=resolver) for path in (mobile.file("int8"), plain))
    assert one.delegated == other.delegated
    for image in images[:20]:
        np.testing.assert_array_equal(one(image), other(image))


def test_tensors_are_named_after_their_layers(mobile) -> None:
    path = mobile.file("int8")
    graph = parse(path.read_bytes(), path)
    layers = {layer.name.removeprefix("quant_") for layer in mobile.quantized.layers}
    inner = {t.name for t in graph.tensors if t.index not in (*graph.inputs, *graph.outputs)}
    assert len(inner & layers) > 5
    assert all("/" not in name and ";" not in name for name in inner)
    assert graph.tensors[graph.inputs[0]].name


def test_the_packing_is_the_same_every_time(mobile) -> None:
    from ai_edge_litert import schema_py_generated as schema

    content = mobile.file("int8").read_bytes()
    one, other = (compact.pack(schema.ModelT.InitFromPackedBuf(content)) for _ in range(2))
    assert one == other
