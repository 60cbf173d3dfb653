"""A cheaper first convolution with bit-identical output.

XNNPACK's int8 kernels process 8 input channels at a time on a Cortex-A72, 4 with a dot product
instruction. A gray image has one channel, so a 3x3 convolution takes 9 times 8 products, 63 of them
with zero. Over blocks of 2x2 pixels as 4 channels (SPACE_TO_DEPTH), the same convolution of stride
2 has a 2x2 kernel and stride 1: 4 times 8 products. The kernel is zero where blocks reach beyond
the 3x3 pixels.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

_BLOCK = 2
_KERNEL = 3


def to_blocks(graph: Any) -> bool:
    """Rewrite a model's first convolution over blocks of 2x2 pixels, if that is equivalent.

    That is so for a 3x3 convolution of stride 2 with SAME padding on an int8 image with one channel
    and even sides, which is padded only at the bottom and on the right.

    Args:
        graph: a `ModelT` of LiteRT's schema, with the constants in its buffers; changed in place.

    Returns:
        Whether the model has such a convolution.
    """
    from ai_edge_litert import schema_py_generated as schema

    part = graph.subgraphs[0]
    first = next(iter(part.operators), None)
    if first is None or not _fits(graph, part, first, schema):
        return False
    source, kernel = (part.tensors[index] for index in first.inputs[:2])
    values = np.asarray(graph.buffers[kernel.buffer].data, np.uint8)
    blocks = block_kernel(values.view(np.int8).reshape(kernel.shape))
    kernel.shape = np.array(blocks.shape, np.int32)
    graph.buffers[kernel.buffer].data = np.frombuffer(blocks.tobytes(), np.uint8)

    tensor = schema.TensorT()
    tensor.name = "pixels_2x2"
    sides = [side // _BLOCK for side in source.shape[1:3]]
    tensor.shape = np.array([source.shape[0], *sides, _BLOCK * _BLOCK], np.int32)
    tensor.type, tensor.quantization, tensor.buffer = source.type, source.quantization, 0
    part.tensors = [*part.tensors, tensor]

    operator = schema.OperatorT()
    operator.opcodeIndex = _code(graph, schema)
    operator.inputs = np.array([first.inputs[0]], np.int32)
    operator.outputs = np.array([len(part.tensors) - 1], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.SpaceToDepthOptions
    operator.builtinOptions = schema.SpaceToDepthOptionsT()
    operator.builtinOptions.blockSize = _BLOCK
    first.inputs = np.array([operator.outputs[0], *first.inputs[1:]], np.int32)
    first.builtinOptions.strideH = first.builtinOptions.strideW = 1
    part.operators = [operator, *part.operators]
    return True


def block_kernel(kernel: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Convert a 3x3 kernel to the equivalent kernel over blocks.

    Args:
        kernel: int8 [outputs, 3, 3, 1].

    Returns:
        int8 [outputs, 2, 2, 4]; channel 2 y + x of a block is its pixel in row y and column x.
    """
    whole = np.zeros((len(kernel), 2 * _BLOCK, 2 * _BLOCK), np.int8)
    whole[:, :_KERNEL, :_KERNEL] = kernel[..., 0]
    split = whole.reshape(-1, 2, _BLOCK, 2, _BLOCK)
    return np.ascontiguousarray(split.transpose(0, 1, 3, 2, 4)).reshape(-1, 2, 2, _BLOCK * _BLOCK)


def _fits(graph: Any, part: Any, first: Any, schema: Any) -> bool:
    code = graph.operatorCodes[first.opcodeIndex].builtinCode
    if code != schema.BuiltinOperator.CONV_2D or list(part.inputs) != [first.inputs[0]]:
        return False
    source, kernel = (part.tensors[index] for index in first.inputs[:2])
    options = first.builtinOptions
    readers = sum(first.inputs[0] in operator.inputs for operator in part.operators)
    return bool(
        source.type == kernel.type == schema.TensorType.INT8
        and list(kernel.shape[1:]) == [_KERNEL, _KERNEL, 1]
        and not any(side % _BLOCK for side in source.shape[1:3])
        and options.strideH == options.strideW == _BLOCK
        and options.dilationHFactor == options.dilationWFactor == 1
        and options.padding == schema.Padding.SAME
        and readers == 1
    )


def _code(graph: Any, schema: Any) -> int:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SPACE_TO_DEPTH
    code.version = 2  # the first version with int8
    graph.operatorCodes = [*graph.operatorCodes, code]
    return len(graph.operatorCodes) - 1
