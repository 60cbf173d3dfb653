"""What a `.tflite` file computes: its operators and tensors, without an interpreter.

The numbers of the fields are those of `schema.fbs` (version 3a, google-ai-edge/LiteRT). They are
read here and not by the schema's generated code, which trusts every offset, which tflite-runtime
does not ship, and which takes longer to import than most models to load.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.labels import printable
from device.model import content as model_content
from device.model.flatbuffer import DamagedError, Flatbuffer, Table
from device.model.operators import ARITY, DTYPES, OPERATORS, multiply_adds

_FLOATS = ("float16", "float32", "float64")
_CUSTOM = OPERATORS.index("CUSTOM")
_Entry = TypeVar("_Entry")
_ABSENT = -1  # index of an optional input that is left out
_SMALLEST_SCALE = np.finfo(np.float32).tiny  # below it floats lose digits, and kernels abort
_ZERO_POINTS = {
    "int4": (-8, 7),
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "int32": (-(1 << 31), (1 << 31) - 1),
}


@dataclass(frozen=True)
class Quantization:
    """How integers stand for real numbers: real = scale * (integer - zero point).

    Attributes:
        scales: float32 [1], or [channels] where each channel has its own.
        zero_points: int64, as many.
        axis: of the channels; 0 where there is one scale.
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        index: its number, as in the interpreter's details.
        name: as the converter named it.
        shape: for batch 1 where the file leaves the batch open.
        dtype: such as "int8"; names as in numpy where numpy has the type.
        quantization: None for a tensor that is not quantized.
        is_constant: whether the file holds its values, as of weights.
        is_variable: whether it keeps its values from one inference to the next.
        bytes: that the values take, in the file or in memory.
        values: the content of a constant, raw bytes; empty for the others.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    is_constant: bool
    is_variable: bool
    bytes: int
    values: memoryview

    @property
    def elements(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def has_values(self) -> bool:
        """Whether it has values before the first operator; those without elements lack none."""
        return self.is_constant or self.is_variable or self.elements == 0

    @property
    def stands_for_reals(self) -> bool:
        """Whether its values are real numbers, quantized or not, and not shapes or indices."""
        return "float" in self.dtype or self.quantization is not None


@dataclass(frozen=True)
class Operator:
    """An operator of the graph.

    Attributes:
        index: its place in the order of execution.
        name: such as "CONV_2D"; its own name for a custom operator.
        inputs: numbers of tensors; optional inputs that are left out do not stand here.
        outputs: numbers of tensors.
        multiply_adds: of one inference, see `device.model.operators.multiply_adds`.
        weight_bytes: of its constant inputs.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    multiply_adds: int
    weight_bytes: int


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a model, which is what an interpreter runs.

    Attributes:
        path: the model file.
        tensors: by number.
        operators: in the order of execution.
        inputs: numbers of tensors.
        outputs: numbers of tensors.
        subgraphs: how many the file has; more than one where it branches or loops.
    """

    path: Path
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int

    @property
    def multiply_adds(self) -> int:
        """Of one inference."""
        return sum(operator.multiply_adds for operator in self.operators)

    @property
    def parameters(self) -> int:
        """Weights, biases and other real constants; not scales, zero points, shapes, indices."""
        return sum(t.elements for t in self.tensors if t.is_constant and t.stands_for_reals)


def load(path: str | os.PathLike[str]) -> Graph:
    """Read the graph of any `.tflite` file.

    Raises:
        InputError: the file is missing, no `.tflite`, or damaged.
    """
    path = Path(path)
    return parse(model_content.read(path), path)


def parse(content: bytes, path: Path) -> Graph:
    """Read the graph from a file's content.

    Args:
        content: the whole model file.
        path: where it came from, for the message.

    Raises:
        InputError: it is damaged.
    """
    try:
        return _graph(Flatbuffer(content), path)
    except DamagedError as error:
        raise InputError(
            f"{path} is damaged or cut short: {error}; copy it again, or export it again"
        ) from error


def check_finite(graph: Graph) -> None:
    """Raise InputError where a weight is NaN or infinite, as after a training that diverged."""
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
    buffers = [_buffer(file, buffer) for buffer in model.tables(4)]
    subgraphs = list(model.tables(2))
    if not subgraphs:
        raise DamagedError("it has no graph")
    main = subgraphs[0]
    tensors = tuple(_tensor(i, table, buffers) for i, table in enumerate(main.tables(0)))
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
    # The old field is a byte and holds what fits, the new one the rest.
    number = max(code.number(0, "b"), code.number(3, "i"))
    if number == _CUSTOM:
        return code.text(1) or "CUSTOM"
    return _name(OPERATORS, number, "operator")


def _buffer(file: Flatbuffer, buffer: Table) -> memoryview:
    # Files above 2 GB, and those of LiteRT's quantizer, keep their data behind the flatbuffer.
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset > 1:
        file.check(offset, size)
        return memoryview(file.content)[offset : offset + size]
    return buffer.values(0, np.uint8).data


def _tensor(index: int, table: Table, buffers: list[memoryview]) -> Tensor:
    shape = tuple(int(size) for size in table.values(0, np.int32))
    if min(shape, default=0) < 0:
        raise DamagedError(f"tensor {index} has shape {list(shape)}")
    number = table.number(2, "I")
    if number >= len(buffers):
        raise DamagedError(f"tensor {index} refers to buffer {number}, which it does not have")
    values = buffers[number]
    dtype, bits = _name(DTYPES, table.number(1, "b"), "dtype")
    bytes_ = -(-math.prod(shape) * bits // 8)
    is_sparse = table.table(6) is not None
    if len(values) and bits and not is_sparse and len(values) != bytes_:
        raise DamagedError(f"tensor {index} has {len(values)} bytes of values and needs {bytes_}")
    return Tensor(
        index=index,
        name=table.text(3),
        shape=shape,
        dtype=dtype,
        quantization=_quantization(table, shape, index, dtype),
        is_constant=len(values) > 0,
        is_variable=bool(table.number(5, "b")),
        bytes=len(values) or bytes_,
        values=values,
    )


def _quantization(
    tensor: Table, shape: tuple[int, ...], index: int, dtype: str
) -> Quantization | None:
    table = tensor.table(4)
    if table is None:
        return None
    scales, zero_points = table.values(2, np.float32), table.values(3, np.int64)
    if not len(scales):
        return None
    axis = table.number(6, "i")
    if len(zero_points) != len(scales):
        raise DamagedError(f"tensor {index} has scales and zero points that do not match")
    if len(scales) > 1 and (not 0 <= axis < len(shape) or shape[axis] != len(scales)):
        raise DamagedError(f"tensor {index} has {len(scales)} scales, which fit none of its axes")
    if dtype in _ZERO_POINTS:
        low, high = _ZERO_POINTS[dtype]
        if not (np.isfinite(scales).all() and (scales >= _SMALLEST_SCALE).all()):
            raise DamagedError(f"tensor {index} has a scale that is not finite or not above 0")
        if not ((zero_points >= low) & (zero_points <= high)).all():
            raise DamagedError(f"tensor {index} has a zero point outside {low}..{high}")
    return Quantization(scales, zero_points, axis)


def _operator(index: int, table: Table, names: list[str], tensors: tuple[Tensor, ...]) -> Operator:
    name = _name(names, table.number(0, "I"), "operator code")
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
    """Check that the inputs that a kernel reads unasked are there."""
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
                raise DamagedError(f"operator {operator.index} reads tensor {i} before it is there")
        written.update(operator.outputs)


def _name(names: Sequence[_Entry], number: int, what: str) -> _Entry:
    if not 0 <= number < len(names):
        raise DamagedError(f"{what} {number} does not exist")
    return names[number]
