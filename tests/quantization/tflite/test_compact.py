import os
import subprocess

import flatbuffers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.model import graph
from quantization.tflite import compact

TFLITE = os.environ.get("FER_EDGE_TFLITE_RUNTIME_PYTHON")
RUN = """
import sys
import numpy as np
from tflite_runtime.interpreter import Interpreter
for path in sys.argv[1:3]:
    interpreter = Interpreter(path)
    interpreter.allocate_tensors()
    faces = np.load(sys.argv[3])
    for face in faces:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
        interpreter.invoke()
        print(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tolist())
"""


@pytest.fixture(scope="module")
def pair(mobile, tmp_path_factory):
    """The int8 file, and its graph with each vector written as often as it occurs."""
    from ai_edge_litert import schema_py_generated as schema

    content = mobile.file("int8").read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    loose = tmp_path_factory.mktemp("loose") / "loose.tflite"
    loose.write_bytes(bytes(builder.Output()))
    return mobile.file("int8"), loose


@pytest.fixture(scope="module")
def inputs(images):
    return (images[:20].astype(np.int16) - 128).astype(np.int8)[:, np.newaxis, :, :, np.newaxis]


def answers(interpreter, inputs):
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for face in inputs:
        interpreter.set_tensor(source["index"], face)
        interpreter.invoke()
        found.append(interpreter.get_tensor(sink["index"]))
    return np.concatenate(found)


@pytest.mark.slow
def test_equal_vectors_are_written_once_and_mean_the_same(pair):
    small, loose = (graph.load(path) for path in pair)
    assert len(small.tensors) == len(loose.tensors)
    zeros = 0
    for ours, theirs in zip(small.tensors, loose.tensors, strict=True):
        assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
        assert bytes(ours.values) == bytes(theirs.values)
        if ours.quantization is not None:
            np.testing.assert_array_equal(ours.quantization.scales, theirs.quantization.scales)
            np.testing.assert_array_equal(
                ours.quantization.zero_points, theirs.quantization.zero_points
            )
            if len(ours.quantization.zero_points) > 1:
                zeros += ours.quantization.zero_points.nbytes
    # Of the zero points of channels, one vector of each length stays.
    assert pair[1].stat().st_size - pair[0].stat().st_size > 0.5 * zeros > 1000


@pytest.mark.slow
@pytest.mark.parametrize("resolver", ["AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"])
def test_litert_and_tensorflow_answer_to_the_bit(pair, inputs, resolver):
    import tensorflow as tf
    from ai_edge_litert import interpreter as litert

    small, loose = pair
    kind = litert.OpResolverType[resolver]
    wanted = answers(litert.Interpreter(str(loose), experimental_op_resolver_type=kind), inputs)
    assert len(np.unique(wanted)) > 20
    found = answers(litert.Interpreter(str(small), experimental_op_resolver_type=kind), inputs)
    np.testing.assert_array_equal(found, wanted)
    kind = tf.lite.experimental.OpResolverType[resolver]
    found = answers(tf.lite.Interpreter(str(small), experimental_op_resolver_type=kind), inputs)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
@pytest.mark.skipif(TFLITE is None, reason="no FER_EDGE_TFLITE_RUNTIME_PYTHON: make environments")
def test_tflite_runtime_answers_to_the_bit(pair, inputs, tmp_path):
    np.save(tmp_path / "faces.npy", inputs)
    command = [TFLITE, "-c", RUN, *pair, tmp_path / "faces.npy"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) == 2 * len(inputs) and lines[: len(inputs)] == lines[len(inputs) :]


@pytest.mark.slow
def test_layers_keep_a_name_and_input_and_output_theirs(mobile):
    found = graph.load(mobile.file("int8"))
    names = {found.tensors[o].name for operator in found.operators for o in operator.outputs}
    assert {"stem_relu", "separable_dw_relu", "expand_relu", "add", "features_relu"} <= names
    assert found.tensors[found.inputs[0]].name and found.tensors[found.outputs[0]].name


def test_names_that_are_short_stay_as_they_are(mobile):
    """A file that was made from one of ours is serialized again."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(mobile.file("int8").read_bytes())
    before = [tensor.name for tensor in model.subgraphs[0].tensors]
    compact.shorten_names(model)
    assert [tensor.name for tensor in model.subgraphs[0].tensors] == before


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(width=32, allow_nan=False), max_size=4),
            st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
        ),
        max_size=6,
    )
)
def test_every_vector_survives(quantizations):
    """Floats and integers with the same bytes must not be merged."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model, subgraph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, subgraph.tensors = 3, [subgraph], []
    for scales, zero_points in quantizations:
        tensor, tensor.quantization = schema.TensorT(), schema.QuantizationParametersT()
        tensor.quantization.scale = np.array(scales, np.float32)
        tensor.quantization.zeroPoint = np.array(zero_points, np.int64)
        subgraph.tensors.append(tensor)
    read = schema.ModelT.InitFromPackedBuf(compact.serialize(model)).subgraphs[0].tensors or []
    assert len(read) == len(quantizations)
    for tensor, (scales, zero_points) in zip(read, quantizations, strict=True):
        np.testing.assert_array_equal(tensor.quantization.scale, np.array(scales, np.float32))
        np.testing.assert_array_equal(tensor.quantization.zeroPoint, zero_points)
