"""The operators and tensors of a `.tflite` file, parsed without an interpreter.

The field numbers are those of `schema.fbs` (version 3a, google-ai-edge/LiteRT). The schema's
generated code is not used: it does not check offsets, is not part of tflite-runtime, and takes
longer to import than most models take to load.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.labels import printable
from device.model import content as model_content
from device.model.flatbuffer import DamagedError, Flatbuffer, Table
from device.model.operators import ARITY, OPERATORS, multiply_adds
from device.model.tensor import Tensor, entry, read_buffer, read_tensor

_FLOATS = ("float16", "float32", "float64")
_CUSTOM = OPERATORS.index("CUSTOM")
_ABSENT = -1  # index of an omitted optional input


@dataclass(frozen=True)
class Operator:
    """An operator of the graph.

    Attributes:
        index: position in the order of execution.
        name: operator name, such as "CONV_2D"; for a custom operator its own name.
        inputs: indices of the input tensors, without omitted optional inputs.
        outputs: indices of the output tensors.
        multiply_adds: multiply-adds per inference, see `device.model.operators.multiply_adds`.
        weight_bytes: size of its constant inputs in bytes.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    multiply_adds: int
    weight_bytes: int


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a model, which an interpreter runs.

    Attributes:
        path: path of the model file.
        tensors: tensors by index.
        operators: operators in the order of execution.
        inputs: indices of the input tensors.
        outputs: indices of the output tensors.
        subgraphs: number of subgraphs in the file; more than one for branches or loops.
    """

    path: Path
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds per inference."""
        return sum(operator.multiply_adds for operator in self.operators)

    @property
    def parameters(self) -> int:
        """Number of real constants such as weights and biases, without scales and indices."""
        return sum(t.elements for t in self.tensors if t.is_constant and t.stands_for_reals)


def load(path: str | os.PathLike[str]) -> Graph:
    """Parse the graph of any `.tflite` file.

    Raises:
        InputError: the file is missing, not a `.tflite`, or damaged.
    """
    path = Path(path)
    return parse(model_content.read(path), path)


def parse(content: bytes, path: Path) -> Graph:
    """Parse the graph from a file's content.

    Args:
        content: content of the whole model file.
        path: path of the file, for the message.

    Raises:
        InputError: the file is damaged.
    """
    try:
        return _graph(Flatbuffer(content), path)
    except DamagedError as error:
        raise InputError(
            f"{path} is damaged or cut short: {error}; copy it again, or export it again"
        ) from error


def check_finite(graph: Graph) -> None:
    """Raise InputError if a weight is NaN or infinite, as after a training that diverged."""
    for tensor in graph.tensors:
        if tensor.is_constant and tensor.dtype in _FLOATS:
            values = np.frombuffer(tensor.values, tensor.dtype)
            if not np.isfinite(values).all():
                raise InputError(
                    f"{graph.path}: tensor {tensor.index} ({printable(tensor.name)}) holds values "
                    "that are not finite: its training diverged, or the file is damaged"
                )


def _graph(file: Flatbuffer, path: Path) -> Graph:
    model = file.root()
    names = [_operator_name(code) for code in model.tables(1)]
    buffers = [read_buffer(file, buffer) for buffer in model.tables(4)]
    subgraphs = list(model.tables(2))
    if not subgraphs:
        raise DamagedError("it has no graph")
    main = subgraphs[0]
    tensors = tuple(read_tensor(i, table, buffers) for i, table in enumerate(main.tables(0)))
    operators = tuple(_operator(i, table, names, tensors) for i, table in enumerate(main.tables(3)))
    inputs = _indices(main, 1, tensors)
    _check_order(operators, tensors, inputs)
    return Graph(
        path=path,
        tensors=tensors,
        operators=operators,
        inputs=inputs,
        outputs=_indices(main, 2, tensors),
        subgraphs=len(subgraphs),
    )


def _operator_name(code: Table) -> str:
    # The old field is a byte and limited to small codes, the new one is not.
    number = max(code.number(0, "b"), code.number(3, "i"))
    if number == _CUSTOM:
        return code.text(1) or "CUSTOM"
    return entry(OPERATORS, number, "operator")


def _operator(index: int, table: Table, names: list[str], tensors: tuple[Tensor, ...]) -> Operator:
    name = entry(names, table.number(0, "I"), "operator code")
    inputs, outputs = _indices(table, 1, tensors), _indices(table, 2, tensors)
    _check_arity(index, name, table.values(1, np.int32), outputs)
    options = table.table(4)
    try:
        count = multiply_adds(
            name,
            [tensors[i].shape for i in inputs],
            tensors[outputs[0]].shape if outputs else (),
            # Field 0 of BatchMatMulOptions is adj_x.
            adjoint=name == "BATCH_MATMUL" and options is not None and bool(options.number(0, "b")),
        )
    except ValueError as error:
        raise DamagedError(f"operator {index}: {error}") from error
    weight_bytes = sum(tensors[i].bytes for i in inputs if tensors[i].is_constant)
    return Operator(index, name, inputs, outputs, count, weight_bytes)


def _check_arity(
    index: int, name: str, inputs: npt.NDArray[np.int32], outputs: tuple[int, ...]
) -> None:
    """Check that the inputs exist that a kernel reads without checking."""
    if name not in ARITY:
        return
    needed, most = ARITY[name]
    if not needed <= len(inputs) <= most or _ABSENT in inputs[:needed] or not outputs:
        raise DamagedError(
            f"operator {index} ({name}) lacks an input or an output, or has too many"
        )


def _indices(table: Table, field: int, tensors: tuple[Tensor, ...]) -> tuple[int, ...]:
    indices = [int(i) for i in table.values(field, np.int32) if i != _ABSENT]
    for i in indices:
        if not 0 <= i < len(tensors):
            raise DamagedError(f"it refers to tensor {i}, which it does not have")
    return tuple(indices)


def _check_order(
    operators: Sequence[Operator], tensors: Sequence[Tensor], inputs: Sequence[int]
) -> None:
    """Check that each tensor has values when an operator reads it."""
    written = {*inputs, *(t.index for t in tensors if t.has_values)}
    for operator in operators:
        for i in operator.inputs:
            if i not in written:
                raise DamagedError(
                    f"operator {operator.index} reads tensor {i} before it is computed"
                )
        written.update(operator.outputs)
