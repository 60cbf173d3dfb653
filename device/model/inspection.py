"""Float operators in an integer graph, and the operators that XNNPACK runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError
from device.model import graph, runtime
from device.model.graph import Graph
from device.model.tensor import Tensor

_BORDERS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True)
class Delegation:
    """The operators that the XNNPACK delegate runs.

    Attributes:
        runtime: name and version of the runtime.
        partitions: the operators of each partition that the delegate runs; between two partitions
            values return to the runtime's own kernels.
    """

    runtime: str
    partitions: tuple[frozenset[int], ...]

    @property
    def operators(self) -> frozenset[int]:
        """All operators that the delegate runs."""
        return frozenset().union(*self.partitions)


@dataclass(frozen=True)
class Inspection:
    """A model file, parsed and loaded.

    Attributes:
        graph: operators and tensors.
        islands: groups of operators that compute in float within an integer graph, including the
            conversions around them; none in a file with float activations.
        delegation: result of the delegate; None if the runtime cannot load the file.
        problem: error message of the runtime in that case.
    """

    graph: Graph
    islands: tuple[tuple[int, ...], ...]
    delegation: Delegation | None
    problem: str | None


def inspect(path: Path) -> Inspection:
    """Parse any `.tflite` file and load it in the installed runtime.

    Raises:
        InputError: the file is missing, not a `.tflite` or damaged, or there is no runtime.
    """
    read = graph.load(path)
    name = runtime.runtime_name()
    try:
        stretches = runtime.delegated_stretches(path)
    except InputError as error:
        return Inspection(read, float_islands(read), None, str(error))
    partitions = tuple(_between(read, inputs, outputs) for inputs, outputs in stretches)
    return Inspection(read, float_islands(read), Delegation(name, partitions), None)


def float_islands(graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Find the connected groups of operators in an integer graph that compute in float."""
    activations = [t for t in graph.tensors if not t.is_constant]
    if not any(t.quantization for t in activations):
        return ()
    floats = {t.index for t in activations if "float" in t.dtype}
    islands: list[tuple[set[int], set[int]]] = []  # operators, float tensors
    for operator in graph.operators:
        operators, tensors = {operator.index}, floats & {*operator.inputs, *operator.outputs}
        if not tensors:
            continue
        for island in [island for island in islands if island[1] & tensors]:
            islands.remove(island)
            operators |= island[0]
            tensors |= island[1]
        islands.append((operators, tensors))
    found = (tuple(sorted(operators)) for operators, _ in islands)
    # A conversion of only the input or output is the start of a file with float input or output.
    return tuple(
        island for island in found if any(graph.operators[i].name not in _BORDERS for i in island)
    )


def _between(graph: Graph, inputs: Iterable[int], outputs: Iterable[int]) -> frozenset[int]:
    """The operators on the paths from some tensors to others."""
    writers = {tensor: operator for operator in graph.operators for tensor in operator.outputs}
    known, found, todo = set(inputs), set(), list(outputs)
    while todo:
        tensor = todo.pop()
        operator = writers.get(tensor)
        if tensor in known or operator is None:
            continue
        known.add(tensor)
        found.add(operator.index)
        todo.extend(operator.inputs)
    return frozenset(found)


def layer(graph: Graph, operator: int) -> str:
    """Short name of an operator, from its output: `stem_relu` of `net/stem_relu/Relu6;…`."""
    outputs = graph.operators[operator].outputs
    return short_name(graph.tensors[outputs[0]]) if outputs else ""


def short_name(tensor: Tensor) -> str:
    """The layer in a tensor's name, without prefixes and suffixes added by converters."""
    if tensor.name.startswith(("StatefulPartitionedCall", "PartitionedCall")):
        return ""  # TensorFlow's name for any output
    path = tensor.name.split(";")[0].split("/")
    return (path[1] if len(path) > 1 else path[0]).removeprefix("quant_")
