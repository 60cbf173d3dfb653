"""Another input and output for a finished `.tflite`: dtype and colour; the net stays as it is.

The graph is changed in LiteRT's own schema, so that no Keras model and no TensorFlow is needed and
every weight of the net stays, to the bit.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from device import graph as checked
from device import modelfile
from device.errors import InputError
from device.interpreter import FACE_SIZE
from quantization.convert import Normalisation
from quantization.metadata import Colour

IO = Literal["int8", "uint8", "float32"]
IOS: tuple[IO, ...] = get_args(IO)
COLOURS: tuple[Colour, ...] = get_args(Colour)
CHANNELS: dict[Colour, int] = {"grey": 1, "rgb": 3}

BT601 = (0.299, 0.587, 0.114)
"""Luma of red, green and blue (ITU-R BT.601), which OpenCV and so the device's runner use."""

LUMA_INT8 = (50, 98, 19)
"""The same in int8, over their sum of 167.

Of all whole weights up to 127 with an odd sum these are the closest (0.0004). They add up to the
whole, so that grey pictures come out as they went in, and no sum of pixels divided by an odd number
ends in .5, so that kernels which round halves in different ways agree.
"""

_PIXELS: dict[str, tuple[float, int]] = {"uint8": (1.0, 0), "int8": (1.0, -128)}
"""Scale and zero point of an integer input before a float net, which takes raw pixels."""

_PROBABILITIES = (1 / 256, -128)
"""Likewise of an int8 output, as of the project's int8 nets."""


def load(path: Path) -> Any:
    """Read one of the project's model files as a `ModelT` of LiteRT's schema.

    Raises:
        InputError: it is missing, damaged, or takes or gives something else than the files of
            `quantization.convert`; or LiteRT is not installed.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ModuleNotFoundError as error:
        raise InputError("export needs LiteRT: pip install ai-edge-litert") from error
    content = modelfile.read(path)
    found = checked.parse(content, path)
    if len(found.inputs) != 1 or len(found.outputs) != 1 or found.subgraphs != 1:
        raise InputError(f"{path} has not one graph with one input and one output: give another")
    source, sink = found.tensors[found.inputs[0]], found.tensors[found.outputs[0]]
    shape = (1, FACE_SIZE, FACE_SIZE, 1)
    if source.shape != shape or (source.dtype, sink.dtype) not in (
        ("int8", "int8"),
        ("float32", "float32"),
    ):
        raise InputError(
            f"{path} takes {source.dtype} {list(source.shape)} and gives {sink.dtype}: export "
            f"starts from int8 or float32 {list(shape)}, such as zoo:base or a file of a pipeline"
        )
    model = schema.ModelT.InitFromPackedBuf(content)
    for buffer in model.buffers:
        if buffer.offset > 1:  # behind the flatbuffer, as LiteRT's quantizer writes it
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
    return model


def change(model: Any, *, io: IO, colour: Colour) -> Normalisation:
    """Give a model another input and output.

    Input: [1, 48, 48, 1] grey, or [1, 48, 48, 3] in the order red, green, blue; uint8 pixels, int8
    pixels - 128, or raw pixels 0..255 as float32. Output: [1, labels], uint8 with scale 1/256 and
    zero point 0, int8 with -128, or float32 probabilities. Before an int8 net a colour is turned to
    grey in int8 where the input is an integer and in float32 where it is not, and rounded to a
    pixel either way; before a float net it is not rounded.

    Args:
        model: a `ModelT` out of `load`, changed in place.
        io: dtype of input and output.
        colour: of the input.

    Returns:
        What is left to do to a pixel outside (quantization apart): that of the net before an
        integer input, nothing (mean 0, std 1) before a float one.
    """
    editor = _Editor(model)
    quantized = editor.is_quantized(editor.graph.inputs[0])
    before = _before_int8 if quantized else _before_float
    outside = before(editor, io, colour)
    _after(editor, io)
    return outside


def _before_int8(editor: "_Editor", io: IO, colour: Colour) -> Normalisation:
    pixels = editor.graph.inputs[0]
    scale, zero_point = editor.quantization(pixels)
    inside = Normalisation(mean=float(zero_point + 128), std=round(1 / scale, 3))
    if io == "float32":
        # One convolution makes the picture grey and normalises it.
        share = BT601 if colour == "rgb" else (1.0,)
        weights = np.array(share, np.float32) / np.float32(inside.std)
        bias = np.float32(-inside.mean / inside.std)
        real = editor.tensor("normalised", 1, "float32")
        image = editor.tensor("image", CHANNELS[colour], "float32")
        editor.prepend("QUANTIZE", 1, real, pixels)
        editor.convolve(image, real, weights, np.array([bias]))
        editor.set_input(image)
        return Normalisation(0.0, 1.0)
    if colour == "rgb":
        coloured = editor.tensor("rgb", 3, "int8", (scale, zero_point))
        weights = np.array(LUMA_INT8, np.int8)
        editor.convolve(coloured, pixels, weights, np.zeros(1, np.int32), 1 / sum(LUMA_INT8))
        pixels = coloured
    if io == "uint8":
        image = editor.tensor("image", CHANNELS[colour], "uint8", (scale, zero_point + 128))
        editor.prepend("QUANTIZE", 1, image, pixels)
        pixels = image
    editor.set_input(pixels)
    return inside


def _before_float(editor: "_Editor", io: IO, colour: Colour) -> Normalisation:
    pixels = editor.graph.inputs[0]
    if colour == "rgb":
        coloured = editor.tensor("rgb", 3, "float32")
        editor.convolve(coloured, pixels, np.array(BT601, np.float32), np.zeros(1, np.float32))
        pixels = coloured
    if io != "float32":
        image = editor.tensor("image", CHANNELS[colour], io, _PIXELS[io])
        editor.prepend("DEQUANTIZE", 1 if io == "uint8" else 2, image, pixels)
        pixels = image
    editor.set_input(pixels)
    return Normalisation(0.0, 1.0)


def _after(editor: "_Editor", io: IO) -> None:
    found = editor.graph.outputs[0]
    quantized = editor.is_quantized(found)
    if quantized and io == "float32":
        probability = editor.like("probability", found, "float32")
        editor.append("DEQUANTIZE", 2, found, probability)
        editor.set_output(probability)
    elif io != "float32":
        if not quantized:
            found = _quantize(editor, found, "int8", _PROBABILITIES)
        if io == "uint8":
            # In two steps after a float net: TFLite Micro has no kernel from float to uint8.
            scale, zero_point = editor.quantization(found)
            found = _quantize(editor, found, "uint8", (scale, zero_point + 128))
        editor.set_output(found)


def _quantize(editor: "_Editor", source: int, io: IO, quantization: tuple[float, int]) -> int:
    sink = editor.like("probability", source, io, quantization)
    editor.append("QUANTIZE", 1, source, sink)
    return sink


class _Editor:
    """A `ModelT` that gets tensors, constants and operators at its ends."""

    def __init__(self, model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema, self._model = schema, model
        self.graph = model.subgraphs[0]
        self.graph.tensors = list(self.graph.tensors)
        self.graph.operators = list(self.graph.operators)

    def is_quantized(self, index: int) -> bool:
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
        """Add a picture; gives its number."""
        return self._add(name, [1, FACE_SIZE, FACE_SIZE, channels], dtype, quantization)

    def like(
        self, name: str, index: int, dtype: IO, quantization: tuple[float, int] | None = None
    ) -> int:
        """Add a tensor of another one's shape; gives its number."""
        return self._add(name, self.graph.tensors[index].shape, dtype, quantization)

    def convolve(
        self,
        source: int,
        sink: int,
        weights: npt.NDArray[Any],
        bias: npt.NDArray[Any],
        scale: float | None = None,
    ) -> None:
        """Put a 1x1 convolution with one output channel before all operators.

        Args:
            source: a picture with as many channels as there are weights.
            sink: a picture of one channel.
            weights: int8 or float32 [channels].
            bias: int32 or float32 [1].
            scale: of int8 weights.
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
        """Put a conversion before all operators."""
        self.graph.operators.insert(0, self._conversion(name, version, source, sink))

    def append(self, name: str, version: int, source: int, sink: int) -> None:
        """Put a conversion after all operators."""
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
        """The number of an operator code, which is added where the model has none like it."""
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
