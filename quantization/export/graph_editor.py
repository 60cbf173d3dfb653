"""Adds tensors, constants and operators at the input and output of a `.tflite` graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from device.geometry import FACE_SIZE
from quantization.tflite.io_types import IO


class Editor:
    """Edits the input and output of a `ModelT` of LiteRT's schema."""

    def __init__(self, model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema, self._model = schema, model
        self.graph = model.subgraphs[0]
        self.graph.tensors = list(self.graph.tensors)
        self.graph.operators = list(self.graph.operators)

    def is_quantized(self, index: int) -> bool:
        """Whether a tensor is int8."""
        return bool(self.graph.tensors[index].type == self._schema.TensorType.INT8)

    def quantization(self, index: int) -> tuple[float, int]:
        """Scale and zero point."""
        found = self.graph.tensors[index].quantization
        return float(found.scale[0]), int(found.zeroPoint[0])

    def tensor(
        self,
        name: str,
        channels: int,
        dtype: IO,
        quantization: tuple[float, int] | None = None,
    ) -> int:
        """Add an image tensor and return its index."""
        return self._add(name, [1, FACE_SIZE, FACE_SIZE, channels], dtype, quantization)

    def like(
        self, name: str, index: int, dtype: IO, quantization: tuple[float, int] | None = None
    ) -> int:
        """Add a tensor with the shape of another one and return its index."""
        return self._add(name, self.graph.tensors[index].shape, dtype, quantization)

    def convolve(
        self,
        source: int,
        sink: int,
        weights: npt.NDArray[Any],
        bias: npt.NDArray[Any],
        scale: float | None = None,
    ) -> None:
        """Insert a 1x1 convolution with one output channel before all operators.

        Args:
            source: index of the input image tensor, with as many channels as weights.
            sink: index of the output image tensor, with one channel.
            weights: weights, int8 or float32 [channels].
            bias: bias, int32 or float32 [1].
            scale: scale of int8 weights.
        """
        kernel = weights.reshape(1, 1, 1, -1)
        if scale is None:
            constants = [self._constant("luma_w", kernel), self._constant("luma_b", bias)]
        else:
            of_bias = self.quantization(source)[0] * scale
            constants = [
                self._constant("luma_w", kernel, (scale, 0)),
                self._constant("luma_b", bias, (of_bias, 0)),
            ]
        options = self._schema.Conv2DOptionsT()
        options.padding = self._schema.Padding.VALID
        options.strideW = options.strideH = 1
        operator = self._operator(
            "CONV_2D", 1 if scale is None else 3, [source, *constants], sink, "Conv2D", options
        )
        self.graph.operators.insert(0, operator)

    def prepend(self, name: str, version: int, source: int, sink: int) -> None:
        """Insert a conversion before all operators."""
        self.graph.operators.insert(0, self._conversion(name, version, source, sink))

    def append(self, name: str, version: int, source: int, sink: int) -> None:
        """Insert a conversion after all operators."""
        self.graph.operators.append(self._conversion(name, version, source, sink))

    def set_input(self, index: int) -> None:
        """Make a tensor the input of the graph and of its signatures."""
        self._replace("inputs", index)

    def set_output(self, index: int) -> None:
        """Make a tensor the output of the graph and of its signatures."""
        self._replace("outputs", index)

    def _replace(self, end: str, index: int) -> None:
        setattr(self.graph, end, np.array([index], np.int32))
        for signature in self._model.signatureDefs or []:
            for tensor in getattr(signature, end):
                tensor.tensorIndex = index

    def _conversion(self, name: str, version: int, source: int, sink: int) -> Any:
        kind = {"QUANTIZE": "Quantize", "DEQUANTIZE": "Dequantize"}[name]
        options = getattr(self._schema, f"{kind}OptionsT")()
        return self._operator(name, version, [source], sink, kind, options)

    def _operator(
        self, name: str, version: int, inputs: Sequence[int], output: int, kind: str, options: Any
    ) -> Any:
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(self._schema.BuiltinOperator, name), version)
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output], np.int32)
        operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, f"{kind}Options")
        operator.builtinOptions = options
        return operator

    def _code(self, builtin: int, version: int) -> int:
        """Index of an operator code, which is added if the model does not have it."""
        codes = self._model.operatorCodes
        for index, code in enumerate(codes):
            if (code.builtinCode, code.version) == (builtin, version):
                return index
        code = self._schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = version
        self._model.operatorCodes = [*codes, code]
        return len(codes)

    def _constant(
        self, name: str, values: npt.NDArray[Any], quantization: tuple[float, int] | None = None
    ) -> int:
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers = [*self._model.buffers, buffer]
        number = len(self._model.buffers) - 1
        return self._add(name, values.shape, values.dtype.name, quantization, number)

    def _add(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        quantization: tuple[float, int] | None,
        buffer: int = 0,  # the empty one
    ) -> int:
        tensor = self._schema.TensorT()
        taken = {each.name for each in self.graph.tensors}
        index = len(self.graph.tensors)
        tensor.name = name.encode() if name.encode() not in taken else f"{name}_{index}".encode()
        tensor.shape = np.array(shape, np.int32)
        tensor.type = getattr(self._schema.TensorType, dtype.upper())
        tensor.buffer = buffer
        tensor.hasRank = True
        if quantization is not None:
            tensor.quantization = self._schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([quantization[0]], np.float32)
            tensor.quantization.zeroPoint = np.array([quantization[1]], np.int64)
        self.graph.tensors.append(tensor)
        return index
