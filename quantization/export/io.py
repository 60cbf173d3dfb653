"""Rewrite a model's input/output dtype and color format; weights are unchanged.

The graph is edited in LiteRT's schema, which needs neither the Keras model nor TensorFlow.
"""

from typing import Any

import numpy as np

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.model import graph as checked
from device.model.file import ModelFile
from quantization.export.graph_editor import Editor
from quantization.normalization import Normalization
from quantization.tflite.io_types import IO, Color

CHANNELS: dict[Color, int] = {"gray": 1, "rgb": 3}

BT601 = (0.299, 0.587, 0.114)
"""Luma weights of red, green and blue (ITU-R BT.601), as in OpenCV and in the runner."""

LUMA_INT8 = (50, 98, 19)
"""The luma weights as int8, to be divided by their sum, 167.

Of all integer weights up to 127 with an odd sum these are the closest (0.0004). Divided by their
sum they add up to 1, so gray images are unchanged. The sum is odd, so no result ends in .5, and
kernels that round halves in different ways agree.
"""

_PIXELS: dict[str, tuple[float, int]] = {"uint8": (1.0, 0), "int8": (1.0, -128)}
"""Scale and zero point of an integer input before a float net, which takes raw pixels."""

_PROBABILITIES = (1 / 256, -128)
"""Scale and zero point of an int8 output, as in the project's int8 nets."""


_RAW = (0.0, 1.0)  # mean and std of a net that takes raw pixels


def load(file: ModelFile) -> Any:
    """Read a model file of 48x48 gray faces as a `ModelT` of LiteRT's schema.

    Raises:
        InputError: the file is missing or damaged, has weights that are not finite, or an input or
            output unlike the files of `quantization.tflite.convert`; or LiteRT is not installed.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ModuleNotFoundError as error:
        raise InputError("export needs LiteRT: pip install ai-edge-litert") from error
    path, content, found = file.path, file.content, file.graph
    checked.check_finite(found)
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
        if buffer.offset > 1:  # after the flatbuffer, as LiteRT's quantizer writes it
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
    return model


def adapt_io(
    model: Any, *, io: IO, color: Color, outside: tuple[float, float] = _RAW
) -> Normalization:
    """Change the input and output format of a model.

    Input: [1, 48, 48, 1] gray, or [1, 48, 48, 3] in the order red, green, blue; uint8 pixels, int8
    pixels - 128, or raw pixels 0..255 as float32. Output: [1, labels], uint8 with scale 1/256 and
    zero point 0, int8 with -128, or float32 probabilities. Before an int8 net, color is converted
    to gray in int8 if the input is an integer, else in float32, and rounded to a whole pixel value
    in both cases; before a float net it is not rounded.

    Args:
        model: `ModelT` from `load`, changed in place.
        io: dtype of input and output.
        color: color format of the input.
        outside: normalization (mean, std) that a float net expects from its caller; moved into
            the graph.

    Returns:
        The normalization left to the caller (apart from quantization): that of the net for an
        integer input, none (mean 0, std 1) for a float input.
    """
    editor = Editor(model)
    if editor.is_quantized(editor.graph.inputs[0]):
        remaining = _before_int8(editor, io, color)
    else:
        remaining = _before_float(editor, io, color, outside)
    _after(editor, io)
    return remaining


def _before_int8(editor: Editor, io: IO, color: Color) -> Normalization:
    pixels = editor.graph.inputs[0]
    scale, zero_point = editor.quantization(pixels)
    inside = Normalization(mean=float(zero_point + 128), std=round(1 / scale, 3))
    if io == "float32":
        # One convolution converts the image to gray and normalizes it.
        share = BT601 if color == "rgb" else (1.0,)
        weights = np.array(share, np.float32) / np.float32(inside.std)
        bias = np.float32(-inside.mean / inside.std)
        real = editor.tensor("normalized", 1, "float32")
        image = editor.tensor("image", CHANNELS[color], "float32")
        editor.prepend("QUANTIZE", 1, real, pixels)
        editor.convolve(image, real, weights, np.array([bias]))
        editor.set_input(image)
        return Normalization(0.0, 1.0)
    if color == "rgb":
        colored = editor.tensor("rgb", 3, "int8", (scale, zero_point))
        weights = np.array(LUMA_INT8, np.int8)
        editor.convolve(colored, pixels, weights, np.zeros(1, np.int32), 1 / sum(LUMA_INT8))
        pixels = colored
    if io == "uint8":
        image = editor.tensor("image", CHANNELS[color], "uint8", (scale, zero_point + 128))
        editor.prepend("QUANTIZE", 1, image, pixels)
        pixels = image
    editor.set_input(pixels)
    return inside


def _before_float(
    editor: Editor, io: IO, color: Color, outside: tuple[float, float]
) -> Normalization:
    pixels = editor.graph.inputs[0]
    if color == "rgb" or outside != _RAW:
        # One convolution converts the image to gray and normalizes it.
        mean, std = outside
        share = np.array(BT601 if color == "rgb" else (1.0,), np.float32)
        before = editor.tensor("rgb" if color == "rgb" else "pixels", len(share), "float32")
        bias = np.array([-mean / std], np.float32)
        editor.convolve(before, pixels, share / np.float32(std), bias)
        pixels = before
    if io != "float32":
        image = editor.tensor("image", CHANNELS[color], io, _PIXELS[io])
        editor.prepend("DEQUANTIZE", 1 if io == "uint8" else 2, image, pixels)
        pixels = image
    editor.set_input(pixels)
    return Normalization(0.0, 1.0)


def _after(editor: Editor, io: IO) -> None:
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


def _quantize(editor: Editor, source: int, io: IO, quantization: tuple[float, int]) -> int:
    sink = editor.like("probability", source, io, quantization)
    editor.append("QUANTIZE", 1, source, sink)
    return sink
