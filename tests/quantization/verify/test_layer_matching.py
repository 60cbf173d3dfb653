from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from device.model.graph import Graph, Operator
from device.model.tensor import Tensor
from quantization.verify.layer_matching import match


def chain(*operators):
    """A graph of consecutive operators: (kind, layer name, output channels)."""

    def tensor(i, name, channels):
        shape = (1, 4, 4, channels)
        return Tensor(i, name, shape, "float32", None, False, False, 64, memoryview(b""))

    tensors = [tensor(0, "input", 1)]
    tensors += [tensor(i + 1, name, size) for i, (_, name, size) in enumerate(operators)]
    steps = [Operator(i, kind, (i,), (i + 1,), 0, 0) for i, (kind, *_) in enumerate(operators)]
    return Graph(Path("chain"), tuple(tensors), tuple(steps), (0,), (len(steps),), 1)


def indices(parent, child):
    return [(theirs.index, ours.index) for theirs, ours in match(parent, child)]


def test_what_one_graph_alone_has_is_left_out():
    parent = chain(("SUB", "", 1), ("CONV_2D", "stem", 8), ("SOFTMAX", "", 7))
    child = chain(("QUANTIZE", "", 1), ("CONV_2D", "stem", 8), ("PAD", "", 8), ("SOFTMAX", "", 7))
    assert indices(parent, child) == [(1, 1), (2, 3)]


def test_names_tell_branches_apart_whatever_their_order():
    left, right = ("CONV_2D", "left", 8), ("CONV_2D", "net/quant_right/Relu;net/bn", 8)
    other = ("CONV_2D", "right", 8)
    assert indices(chain(left, other), chain(right, left)) == [(1, 0), (0, 1)]


def test_without_common_names_the_order_counts():
    parent = chain(("CONV_2D", "a", 8), ("ADD", "b", 8), ("CONV_2D", "c", 8))
    child = chain(("CONV_2D", "x", 8), ("CONV_2D", "y", 8))
    assert indices(parent, child) == [(0, 0), (2, 1)]


def test_the_same_name_with_another_shape_is_no_pair():
    assert indices(chain(("CONV_2D", "a", 8)), chain(("CONV_2D", "a", 4))) == []


operators = st.lists(
    st.tuples(
        st.sampled_from(["CONV_2D", "ADD", "MEAN"]),
        st.sampled_from(["", "a", "b", "c"]),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(operators)
def test_a_graph_matches_itself(steps):
    graph = chain(*steps)
    assert indices(graph, graph) == [(i, i) for i in range(len(steps))]


@given(operators, operators)
def test_no_operator_is_in_two_pairs(first, second):
    parent, child = chain(*first), chain(*second)
    pairs = match(parent, child)
    for side in zip(*pairs, strict=True):
        assert len({operator.index for operator in side}) == len(pairs)
    for theirs, ours in pairs:
        assert theirs.name == ours.name
