"""Matches the operators of a quantized file to those of its float parent."""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

from device.model.graph import Graph, Operator
from device.model.inspection import layer

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")

Pair = tuple[Operator, Operator]


def match(parent: Graph, child: Graph) -> tuple[Pair, ...]:
    """Pair the corresponding operators of two graphs of one net, in the child's order.

    Two operators of the same kind and output shape are paired if they have the same layer name, and
    it is unique in both graphs. The others are paired in execution order, by the longest common
    subsequence of kinds and shapes, which handles files of other exporters with different names.

    Args:
        parent: the float graph.
        child: the quantized graph.

    Returns:
        Pairs of parent operator and child operator; operators without a counterpart are left out.
    """
    ours, theirs = _layers(child), _layers(parent)
    named = _named(child, ours), _named(parent, theirs)
    pairs = [(named[1][key], operator) for key, operator in named[0].items() if key in named[1]]
    taken = {id(operator) for pair in pairs for operator in pair}
    ours = [operator for operator in ours if id(operator) not in taken]
    theirs = [operator for operator in theirs if id(operator) not in taken]
    before, after = [_key(parent, o) for o in theirs], [_key(child, o) for o in ours]
    for a, b, size in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        pairs += zip(theirs[a : a + size], ours[b : b + size], strict=True)
    return tuple(sorted(pairs, key=lambda pair: pair[1].index))


def _layers(graph: Graph) -> list[Operator]:
    return [o for o in graph.operators if o.outputs and o.name not in _CONVERSIONS]


def _named(graph: Graph, operators: Sequence[Operator]) -> dict[Hashable, Operator]:
    """The operators by name, kind and shape, if that key is unique."""
    keys = [(layer(graph, operator.index), *_key(graph, operator)) for operator in operators]
    counts = Counter(keys)
    return {
        key: operator
        for key, operator in zip(keys, operators, strict=True)
        if counts[key] == 1 and key[0]
    }


def _key(graph: Graph, operator: Operator) -> tuple[str, tuple[int, ...]]:
    return operator.name, graph.tensors[operator.outputs[0]].shape
