"""The last dense layer of a `.tflite` graph, before its softmax."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError

_QMAX = 127
"""Largest int8 weight; -128 is not used (symmetric quantization)."""

_MIN_SCALE = float(np.finfo(np.float32).tiny)
"""Scale of a row of zeros."""

_LEVELS = 255
"""Steps of an int8 range."""


@dataclass(frozen=True)
class Dense:
    """A dense layer whose logits a softmax reads.

    Attributes:
        model: `ModelT` of LiteRT's schema.
        operator: the layer's `OperatorT`.
        is_integer: whether the layer is int8; float32 otherwise.
    """

    model: Any
    operator: Any
    is_integer: bool

    @property
    def has_weights(self) -> bool:
        """Whether the weights have the layer's precision, unlike in float16 and dynamic files."""
        from ai_edge_litert import schema_py_generated as schema

        tensor, types = self._tensor(1), schema.TensorType
        wanted = types.INT8 if self.is_integer else types.FLOAT32
        return bool(tensor.type == wanted and self.model.buffers[tensor.buffer].data is not None)

    def kernel(self) -> npt.NDArray[np.float64]:
        """Weights, dequantized: float64 [labels, features]."""
        tensor = self._tensor(1)
        values = self._values(tensor, np.int8 if self.is_integer else np.float32)
        return values * self._scales(tensor)[:, None] if self.is_integer else values

    def bias(self) -> npt.NDArray[np.float64]:
        """Biases, dequantized: float64 [labels]."""
        tensor = self._tensor(2)
        values = self._values(tensor, np.int32 if self.is_integer else np.float32)
        return values * self._scales(tensor) if self.is_integer else values

    def set_kernel(self, kernel: npt.NDArray[np.float64]) -> None:
        """Replace the weights, [labels, features]; those of an int8 layer get new scales.

        The bias is in units of these scales: set it afterwards.
        """
        tensor = self._tensor(1)
        if not self.is_integer:
            self._store(tensor, kernel.astype(np.float32))
            return
        largest = np.abs(kernel).max(axis=1)
        if len(tensor.quantization.scale) == 1:  # per tensor
            largest = largest.max(keepdims=True)
        scales = np.maximum(largest / _QMAX, _MIN_SCALE).astype(np.float32)
        tensor.quantization.scale = scales
        self._tensor(2).quantization.scale = scales * self._tensor(0).quantization.scale[0]
        self._store(tensor, np.rint(kernel / self._scales(tensor)[:, None]).astype(np.int8))

    def set_bias(self, bias: npt.NDArray[np.float64]) -> None:
        """Replace the biases, [labels]."""
        tensor = self._tensor(2)
        if self.is_integer:
            self._store(tensor, np.rint(bias / self._scales(tensor)).astype(np.int32))
        else:
            self._store(tensor, bias.astype(np.float32))

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and highest logit that an int8 layer represents."""
        found = self._logits.quantization
        scale, zero_point = float(found.scale[0]), int(found.zeroPoint[0])
        return scale * (-128 - zero_point), scale * (127 - zero_point)

    def set_range(self, low: float, high: float) -> None:
        """Replace the lowest and highest logit that an int8 layer represents."""
        found = self._logits.quantization
        scale = (high - low) / _LEVELS
        found.scale = np.array([scale], np.float32)
        found.zeroPoint = np.array([int(np.rint(-128 - low / scale))], np.int64)

    @property
    def _logits(self) -> Any:
        return self.model.subgraphs[0].tensors[self.operator.outputs[0]]

    def _tensor(self, place: int) -> Any:
        """The tensor of the input (0), the weights (1) or the biases (2)."""
        return self.model.subgraphs[0].tensors[self.operator.inputs[place]]

    def _values(self, tensor: Any, dtype: type[np.generic]) -> npt.NDArray[np.float64]:
        data = np.asarray(self.model.buffers[tensor.buffer].data, np.uint8)
        return np.frombuffer(data.tobytes(), dtype).reshape(tensor.shape).astype(np.float64)

    @staticmethod
    def _scales(tensor: Any) -> npt.NDArray[np.float64]:
        """Scale of each row: float64 [labels]."""
        return np.resize(np.asarray(tensor.quantization.scale, np.float64), tensor.shape[0])

    def _store(self, tensor: Any, values: npt.NDArray[Any]) -> None:
        from ai_edge_litert import schema_py_generated as schema

        buffer = schema.BufferT()  # a new one: files share buffers of equal content
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers = [*self.model.buffers, buffer]
        tensor.buffer = len(self.model.buffers) - 1


def find(model: Any, name: str, otherwise: str = "") -> Dense:
    """Find the dense layer before a graph's softmax.

    Args:
        model: `ModelT` of LiteRT's schema.
        name: file and option, for the message.
        otherwise: what to do instead, for the message.

    Raises:
        InputError: the graph does not end in a dense layer with a bias and a softmax.
    """
    from ai_edge_litert import schema_py_generated as schema

    builtin, types = schema.BuiltinOperator, schema.TensorType
    graph = model.subgraphs[0]
    found = _writer(model, graph.outputs[0], builtin.SOFTMAX)
    found = found and _writer(model, found.inputs[0], builtin.FULLY_CONNECTED)
    if found is not None and len(found.inputs) > 2 and found.inputs[2] >= 0:
        bias = graph.tensors[found.inputs[2]]
        kinds = {types.FLOAT32: False, types.INT32: True}
        if bias.type in kinds and model.buffers[bias.buffer].data is not None:
            return Dense(model, found, kinds[bias.type])
    raise InputError(
        f"{name} needs a model that ends in a dense layer with a bias and a softmax{otherwise}"
    )


def trunk(model: Any, head: Dense) -> str:
    """Return a digest of all operators before a head, with their constants and quantization."""
    graph, digest = model.subgraphs[0], hashlib.sha256()
    for operator in graph.operators:
        if operator is head.operator:
            break
        code, options = model.operatorCodes[operator.opcodeIndex], operator.builtinOptions
        digest.update(repr((code.builtinCode, options and vars(options))).encode())
        for index in operator.inputs:
            _update(digest, model, graph.tensors[index] if index >= 0 else None)
    _update(digest, model, graph.tensors[head.operator.inputs[0]])
    return digest.hexdigest()


def _update(digest: Any, model: Any, tensor: Any) -> None:
    """Add shape, type, quantization and constant content of a tensor to a digest."""
    if tensor is None:
        return
    quantization, data = tensor.quantization, model.buffers[tensor.buffer].data
    parts = quantization and (quantization.scale, quantization.zeroPoint)
    described = [None if part is None else np.asarray(part).tolist() for part in parts or ()]
    digest.update(repr((tensor.type, np.asarray(tensor.shape).tolist(), described)).encode())
    digest.update(b"" if data is None else np.asarray(data, np.uint8).tobytes())


def _writer(model: Any, tensor: int, kind: int) -> Any:
    """The operator of a kind that writes a tensor; None if another kind does."""
    for operator in model.subgraphs[0].operators:
        if tensor in operator.outputs:
            return (
                operator if model.operatorCodes[operator.opcodeIndex].builtinCode == kind else None
            )
    return None
