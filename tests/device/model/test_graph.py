import math
import struct
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.model import graph
from device.model.classifier import Classifier
from device.model.operators import DTYPES, OPERATORS, multiply_adds

SOME = Path("some.tflite")


@pytest.fixture(scope="module")
def int8(models):
    return graph.load(models["int8"])


def test_work_and_parameters_are_those_of_the_net(int8):
    # 3x3 on 48x48 with stride 2 and no padding: 23x23, then 11x11; 16 features to 7 classes.
    work = [23 * 23 * 8 * 9, 11 * 11 * 16 * 9 * 8, 16 * 7]
    counted = [operator for operator in int8.operators if operator.multiply_adds]
    assert [operator.name for operator in counted] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    assert [operator.multiply_adds for operator in counted] == work
    assert int8.multiply_adds == sum(work)
    # The converter leaves out the untrained bias of the dense layer, which is all zeros.
    weights, biases = [8 * 9, 16 * 9 * 8, 16 * 7], [8, 16, 0]
    assert int8.parameters == sum(weights) + sum(biases)
    # int8 weights take a byte each, int32 biases four.
    assert [operator.weight_bytes for operator in counted] == [
        weight + 4 * bias for weight, bias in zip(weights, biases, strict=True)
    ]


@pytest.mark.parametrize("precision", ["int8", "uint8", "float32"])
def test_tensors_are_those_of_the_interpreter(models, precision):
    read = graph.load(models[precision])
    classifier = Classifier(models[precision], resolver="builtin")
    details = classifier._interpreter.get_tensor_details()
    # Behind the file's tensors stand those that kernels asked for as work space.
    assert len(read.tensors) <= len(details)
    for tensor, detail in zip(read.tensors, details, strict=False):
        assert (tensor.index, tensor.name) == (detail["index"], detail["name"])
        assert tensor.shape == tuple(detail["shape"])
        assert tensor.dtype == np.dtype(detail["dtype"]).name
        found = tensor.quantization
        wanted = detail["quantization_parameters"]
        np.testing.assert_array_equal(found.scales if found else [], wanted["scales"])
        np.testing.assert_array_equal(found.zero_points if found else [], wanted["zero_points"])
        assert (found.axis if found else 0) == wanted["quantized_dimension"]
    assert read.inputs == (classifier._interpreter.get_input_details()[0]["index"],)
    assert read.outputs == (classifier._interpreter.get_output_details()[0]["index"],)
    names = [detail["op_name"] for detail in classifier._interpreter._get_ops_details()]
    assert [operator.name for operator in read.operators] == names


def test_names_are_those_of_the_schema():
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    for names, enum in ((OPERATORS, schema.BuiltinOperator), (DTYPES, schema.TensorType)):
        numbers = {name: n for name, n in vars(enum).items() if not name.startswith("_")}
        for name, number in numbers.items():
            found = names[number]
            assert (found if isinstance(found, str) else found[0].upper()) == name


@pytest.mark.parametrize(
    ("name", "inputs", "output", "count"),
    [
        ("CONV_2D", [(1, 9, 9, 4), (8, 3, 3, 4), (8,)], (1, 9, 9, 8), 81 * 8 * 9 * 4),
        # Two groups: each filter sees half of the channels.
        ("CONV_2D", [(1, 9, 9, 4), (8, 3, 3, 2)], (1, 9, 9, 8), 81 * 8 * 9 * 2),
        ("DEPTHWISE_CONV_2D", [(1, 9, 9, 4), (1, 3, 3, 8)], (1, 9, 9, 8), 81 * 8 * 9),
        ("TRANSPOSE_CONV", [(4,), (8, 2, 2, 4), (1, 3, 3, 4)], (1, 6, 6, 8), 9 * 4 * 8 * 4),
        ("CONV_3D", [(1, 5, 5, 5, 2), (3, 3, 3, 2, 6)], (1, 5, 5, 5, 6), 125 * 6 * 27 * 2),
        (
            "CONV_3D_TRANSPOSE",
            [(5,), (2, 2, 2, 6, 3), (1, 2, 2, 2, 3)],
            (1, 4, 4, 4, 6),
            8 * 3 * 8 * 6,
        ),
        ("FULLY_CONNECTED", [(2, 16), (7, 16), (7,)], (2, 7), 2 * 7 * 16),
        ("BATCH_MATMUL", [(5, 2, 3), (5, 3, 4)], (5, 2, 4), 5 * 2 * 4 * 3),
        ("ADD", [(1, 9, 9, 4), (1, 9, 9, 4)], (1, 9, 9, 4), 0),
    ],
)
def test_multiply_adds_of_each_operator(name, inputs, output, count):
    assert multiply_adds(name, inputs, output, adjoint=False) == count


def test_a_transposed_left_side_sums_over_its_other_axis():
    assert multiply_adds("BATCH_MATMUL", [(3, 2), (3, 4)], (2, 4), adjoint=True) == 2 * 4 * 3


def test_an_operator_without_its_weights_is_refused():
    with pytest.raises(ValueError, match="CONV_2D lacks inputs"):
        multiply_adds("CONV_2D", [(1, 9, 9, 4)], (1, 9, 9, 8), adjoint=False)


@given(data=st.data())
def test_a_file_cut_anywhere_is_refused_or_whole(bare_models, data):
    content = bare_models["int8"]
    cut = content[: data.draw(st.integers(8, len(content) - 1))]
    try:
        read = graph.parse(cut, SOME)
    except InputError as error:
        assert str(error).startswith("some.tflite is damaged or cut short")
    else:  # the end is padding
        assert read.multiply_adds == graph.parse(content, SOME).multiply_adds


@given(rest=st.binary(max_size=2000))
def test_random_bytes_are_refused(rest):
    with pytest.raises(InputError, match="damaged or cut short"):
        graph.parse(b"\x1c\0\0\0TFL3" + rest, SOME)


@given(flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 7)), max_size=40))
def test_flipped_bits_give_a_graph_or_one_line(bare_models, flips):
    content = bytearray(bare_models["int8"])
    for at, bit in flips:
        content[at % len(content)] ^= 1 << bit
    try:
        read = graph.parse(bytes(content), SOME)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert read.multiply_adds >= 0 and math.isfinite(read.parameters)


def test_a_small_file_cannot_ask_for_endless_work():
    """A thousand subgraphs that share one table would be a bomb if each were parsed separately."""
    builder = flatbuffers.Builder(0)
    builder.StartObject(1)
    table = builder.EndObject()
    builder.StartVector(4, 1000, 4)
    for _ in range(1000):
        builder.PrependUOffsetTRelative(table)
    tables = builder.EndVector()
    builder.StartObject(5)
    for field in (1, 2, 4):
        builder.PrependUOffsetTRelativeSlot(field, tables, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    with pytest.raises(InputError, match="more tables than it can hold"):
        graph.parse(bytes(builder.Output()), SOME)


def test_what_is_no_model_file_is_named(tmp_path):
    path = tmp_path / "picture.tflite"
    path.write_bytes(struct.pack("<II", 8, 0))
    with pytest.raises(InputError, match="TFL3 is missing"):
        graph.load(path)
