"""Which operator of a quantized file does what which operator of its float parent does?"""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

from device.model.graph import Graph, Operator
from device.model.inspection import layer

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")

Pair = tuple[Operator, Operator]


def match(parent: Graph, child: Graph) -> tuple[Pair, ...]:
    """Pair the operators of two graphs of one net, in the child's order.

    Two operators of the same kind and output shape are a pair where they have the same layer's
    name and nothing else in either graph has. What is left is paired in the order of execution,
    by the longest common subsequence of kinds and shapes: files of other exporters, whose names
    differ, match that way.

    Args:
        parent: the float graph.
        child: the quantized graph.

    Returns:
        Pairs of parent's and child's operator; what only one graph has is left out.
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
    """The operators by name, kind and shape, where those are one operator's alone."""
    keys = [(layer(graph, operator.index), *_key(graph, operator)) for operator in operators]
    counts = Counter(keys)
    return {
        key: operator
        for key, operator in zip(keys, operators, strict=True)
        if counts[key] == 1 and key[0]
    }


def _key(graph: Graph, operator: Operator) -> tuple[str, tuple[int, ...]]:
    return operator.name, graph.tensors[operator.outputs[0]].shape
