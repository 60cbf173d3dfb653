import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from device.model.graph import Graph, Operator
from device.model.inspection import float_islands, inspect, short_name
from device.model.tensor import Quantization, Tensor
from fer_edge.cli.app import app


def tensor(index, dtype, *, constant=False):
    quantization = None
    if dtype == "int8":
        quantization = Quantization(np.ones(1, np.float32), np.zeros(1, np.int64), 0)
    return Tensor(
        index, f"t{index}", (1, 4), dtype, quantization, constant, False, 4, memoryview(b"")
    )


def chain(*steps):
    """A graph of consecutive operators; each step is (operator, dtype of its output)."""
    tensors = [tensor(i, dtype) for i, (_, dtype) in enumerate(steps)]
    operators = [Operator(i, name, (i,), (i + 1,), 0, 0) for i, (name, _) in enumerate(steps[1:])]
    return Graph(Path("chain"), tuple(tensors), tuple(operators), (0,), (len(steps) - 1,), 1)


@pytest.mark.parametrize(
    ("steps", "islands"),
    [
        ([("in", "int8"), ("CONV_2D", "int8"), ("SOFTMAX", "int8")], ()),
        ([("in", "float32"), ("CONV_2D", "float32")], ()),
        # A file with float input and output: its conversions are no island.
        (
            [
                ("in", "float32"),
                ("QUANTIZE", "int8"),
                ("ADD", "int8"),
                ("DEQUANTIZE", "float32"),
            ],
            (),
        ),
        (
            [
                ("in", "int8"),
                ("CONV_2D", "int8"),
                ("DEQUANTIZE", "float32"),
                ("HARD_SWISH", "float32"),
                ("QUANTIZE", "int8"),
                ("ADD", "int8"),
                ("DEQUANTIZE", "float32"),
                ("SOFTMAX", "float32"),
            ],
            ((1, 2, 3), (5, 6)),
        ),
    ],
)
def test_float_islands_are_what_computes_in_floats_in_an_integer_graph(steps, islands):
    assert float_islands(chain(*steps)) == islands


def test_branches_of_floats_that_meet_are_one_island():
    tensors = [tensor(0, "int8"), *(tensor(i, "float32") for i in (1, 2, 3)), tensor(4, "int8")]
    operators = (
        Operator(0, "DEQUANTIZE", (0,), (1,), 0, 0),
        Operator(1, "DEQUANTIZE", (0,), (2,), 0, 0),
        Operator(2, "ADD", (1, 2), (3,), 0, 0),
        Operator(3, "QUANTIZE", (3,), (4,), 0, 0),
    )
    graph = Graph(Path("branches"), tuple(tensors), operators, (0,), (4,), 1)
    assert float_islands(graph) == ((0, 1, 2, 3),)


def test_what_xnnpack_takes_is_told_by_operator(models):
    found = inspect(models["int8"])
    names = [operator.name for operator in found.graph.operators]
    assert names[-1] == "SOFTMAX"
    # XNNPACK has no int8 softmax.
    assert found.delegation.operators == frozenset(range(len(names) - 1))
    assert found.islands == () and found.problem is None
    assert inspect(models["float32"]).delegation.operators == frozenset(
        range(len(inspect(models["float32"]).graph.operators))
    )


def test_models_of_other_shapes_are_listed_too(models):
    ran = CliRunner().invoke(app, ["inspect", str(models["wide"]), "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.output)
    assert found["inputs"][0]["shape"] == [1, 64, 64, 1]
    assert found["multiply_adds"] == sum(each["multiply_adds"] for each in found["operators"])
    assert found["xnnpack"]["whole"] is True
    assert found["bytes"] == models["wide"].stat().st_size


def test_the_table_names_operators_work_and_delegate(models):
    ran = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["inspect", str(models["int8"])])
    assert ran.exit_code == 0, ran.output
    assert "177,592 multiply-adds, 1,360 parameters" in ran.output
    assert "XNNPACK: takes 4 of 5 operators in 1 partition" in ran.output
    assert "float islands: none" in ran.output


def test_a_damaged_file_is_one_line(models, tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(models["int8"].read_bytes()[:2000])
    ran = CliRunner().invoke(app, ["inspect", str(path)])
    assert ran.exit_code == 2
    assert ran.stderr.count("\n") == 1 and "damaged or cut short" in ran.stderr


def test_short_names_are_those_of_layers():
    def named(name):
        return short_name(Tensor(0, name, (), "int8", None, False, False, 0, memoryview(b"")))

    assert named("net/quant_stem_relu/Relu6;net/quant_stem_bn/FusedBatchNormV3") == "stem_relu"
    assert named("stage1_add") == "stage1_add"
    assert named("StatefulPartitionedCall:0") == named("") == ""
