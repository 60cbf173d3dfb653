"""Folds an exchange of class priors into the last layer of a `.tflite` graph.

Probabilities times factors, normalized, are the softmax of the logits plus the logarithms of the
factors (logit adjustment, Menon et al. 2021): the bias of the last dense layer takes them up, and
the model costs what it did before.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError

_LEVELS = 255
"""Steps of an int8 range."""


def fold(model: Any, factors: npt.NDArray[np.floating], name: str) -> None:
    """Multiply the probabilities of a model by factors, inside its graph.

    In an int8 file the range of the logits is widened by as much as they move apart, so that none
    of them is cut off; their step grows by the same ratio.

    Args:
        model: `ModelT` of LiteRT's schema, changed in place.
        factors: float [labels], positive; new share over training share of each class.
        name: what messages call the model.

    Raises:
        InputError: the graph does not end in a dense layer with a bias and a softmax.
    """
    from ai_edge_litert import schema_py_generated as schema

    builtin = schema.BuiltinOperator
    graph = model.subgraphs[0]
    dense = _writer(model, graph, graph.outputs[0], builtin.SOFTMAX)
    dense = dense and _writer(model, graph, dense.inputs[0], builtin.FULLY_CONNECTED)
    bias = None
    if dense is not None and len(dense.inputs) > 2 and dense.inputs[2] >= 0:
        bias = graph.tensors[dense.inputs[2]]
    kinds = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT32: np.int32}
    if bias is None or bias.type not in kinds or model.buffers[bias.buffer].data is None:
        raise InputError(
            f"{name}: --prior needs a model that ends in a dense layer with a bias and a softmax; "
            "give --prior to predict, run and serve instead"
        )
    shift = np.log(np.asarray(factors, np.float64))
    values = np.frombuffer(np.asarray(model.buffers[bias.buffer].data, np.uint8), kinds[bias.type])
    if bias.type == schema.TensorType.INT32:
        scale = np.asarray(bias.quantization.scale, np.float64)
        changed = np.rint(values + shift / scale).astype(np.int32)
        _widen(graph.tensors[dense.outputs[0]].quantization, shift)
    else:
        changed = (values + shift).astype(np.float32)
    buffer = schema.BufferT()  # a new one: files share buffers of equal content
    buffer.data = np.frombuffer(changed.tobytes(), np.uint8)
    model.buffers = [*model.buffers, buffer]
    bias.buffer = len(model.buffers) - 1


def _writer(model: Any, graph: Any, tensor: int, kind: int) -> Any:
    """The operator of a kind that writes a tensor; None if another kind does."""
    for operator in graph.operators:
        if tensor in operator.outputs:
            return (
                operator if model.operatorCodes[operator.opcodeIndex].builtinCode == kind else None
            )
    return None


def _widen(quantization: Any, shift: npt.NDArray[np.float64]) -> None:
    """Widen the range of the logits by their largest moves down and up, in place."""
    scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
    low = scale * (-128 - zero_point) + min(shift.min(), 0.0)
    high = scale * (127 - zero_point) + max(shift.max(), 0.0)
    scale = (high - low) / _LEVELS
    quantization.scale = np.array([scale], np.float32)
    quantization.zeroPoint = np.array([int(np.rint(-128 - low / scale))], np.int64)
