"""The tensors of a `.tflite` file: shape, dtype, quantization and the values of constants."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from device.model.flatbuffer import DamagedError, Flatbuffer, Table
from device.model.operators import DTYPES

_Entry = TypeVar("_Entry")
_SMALLEST_SCALE = np.finfo(np.float32).tiny  # below it floats lose precision, and kernels abort
_ZERO_POINTS = {
    "int4": (-8, 7),
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "int32": (-(1 << 31), (1 << 31) - 1),
}


@dataclass(frozen=True)
class Quantization:
    """Mapping from integers to real numbers: real = scale * (integer - zero point).

    Attributes:
        scales: scales, float32 [1], or [channels] if per-channel.
        zero_points: zero points, int64, same length.
        axis: axis of the channels; 0 if there is one scale.
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        index: index in the graph, as in the interpreter's details.
        name: name given by the converter.
        shape: shape; with batch size 1 if the file leaves it open.
        dtype: dtype, such as "int8"; numpy's name if numpy has the type.
        quantization: quantization; None for a tensor that is not quantized.
        is_constant: whether the file contains its values, as for weights.
        is_variable: whether it keeps its values from one inference to the next.
        bytes: size of the values in bytes, in the file or in memory.
        values: content of a constant as raw bytes; empty for other tensors.
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
        """Number of values."""
        return math.prod(self.shape)

    @property
    def has_values(self) -> bool:
        """Whether it has values before the first operator; always true if it has no elements."""
        return self.is_constant or self.is_variable or self.elements == 0

    @property
    def stands_for_reals(self) -> bool:
        """Whether its values are real numbers, quantized or not, rather than shapes or indices."""
        return "float" in self.dtype or self.quantization is not None


def read_buffer(file: Flatbuffer, buffer: Table) -> memoryview:
    """The bytes that a buffer of the file refers to."""
    # Files above 2 GB, and those of LiteRT's quantizer, store their data after the flatbuffer.
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset > 1:
        file.check(offset, size)
        return memoryview(file.content)[offset : offset + size]
    return buffer.values(0, np.uint8).data


def read_tensor(index: int, table: Table, buffers: Sequence[memoryview]) -> Tensor:
    """Read a tensor.

    Args:
        index: index in the graph.
        table: its table in the flatbuffer.
        buffers: values of constants, by buffer number.

    Raises:
        DamagedError: its fields are inconsistent.
    """
    shape = tuple(int(size) for size in table.values(0, np.int32))
    if min(shape, default=0) < 0:
        raise DamagedError(f"tensor {index} has shape {list(shape)}")
    number = table.number(2, "I")
    if number >= len(buffers):
        raise DamagedError(f"tensor {index} refers to buffer {number}, which it does not have")
    values = buffers[number]
    dtype, bits = entry(DTYPES, table.number(1, "b"), "dtype")
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
        raise DamagedError(f"tensor {index} has {len(scales)} scales, which match none of its axes")
    if dtype in _ZERO_POINTS:
        low, high = _ZERO_POINTS[dtype]
        if not (np.isfinite(scales).all() and (scales >= _SMALLEST_SCALE).all()):
            raise DamagedError(f"tensor {index} has a scale that is not finite or not above 0")
        if not ((zero_points >= low) & (zero_points <= high)).all():
            raise DamagedError(f"tensor {index} has a zero point outside {low}..{high}")
    return Quantization(scales, zero_points, axis)


def entry(names: Sequence[_Entry], number: int, what: str) -> _Entry:
    """Look up a numbered name; raises DamagedError if the number is not in use."""
    if not 0 <= number < len(names):
        raise DamagedError(f"{what} {number} does not exist")
    return names[number]
