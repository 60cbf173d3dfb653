"""Weight statistics of a model file, read back from the `.tflite`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import CheckFailedError
from device.system.gzip_size import gzip_size
from quantization.tflite.compact import WEIGHTS

_DTYPES = {0: "<f4", 1: "<f2", 9: "<i1"}


@dataclass(frozen=True)
class Weights:
    """The kernel of one operator.

    Attributes:
        operator: index of the operator in the graph.
        name: Keras layer name, from the kernel tensor name (`quantization.tflite.compact`).
        shape: shape, outputs first: `[out, height, width, in]`, `[out, in]`, depthwise
            `[1, height, width, out]`.
        zeros: share of the values that are zero, 0.0 to 1.0.
        values: number of distinct values in the whole kernel.
        values_per_output: largest number of distinct values in one output channel.
        two_of_four: whether two of any four neighboring inputs of an output are zero.
    """

    operator: int
    name: str
    shape: tuple[int, ...]
    zeros: float
    values: int
    values_per_output: int
    two_of_four: bool


@dataclass(frozen=True)
class Expectation:
    """Expected properties of an int8 file's kernels.

    Attributes:
        zeros: smallest share of zeros in the kernel, 0.0 to 1.0, by Keras layer; the other two
            entries apply to these layers.
        two_of_four: whether two of any four neighboring inputs are zero.
        values: largest number of distinct values per output channel; None for any number.
    """

    zeros: Mapping[str, float]
    two_of_four: bool
    values: int | None


def assert_kept(path: Path, expected: Expectation) -> None:
    """Check that an int8 file from quantization-aware training kept zeros, pattern and clusters.

    Raises:
        CheckFailedError: a kernel is missing, has fewer zeros, no 2:4 pattern or too many values.
    """
    by_name = {name: values for name, values, _ in kernels(path)}
    for layer, zeros in expected.zeros.items():
        if layer not in by_name:
            raise CheckFailedError(f"{path.name} has no kernel of layer {layer}")
        found = _describe(layer, by_name[layer], 0)
        if found.zeros < zeros - 1e-6:
            raise CheckFailedError(
                f"{path.name}: {found.zeros:.3f} of layer {layer}'s weights are zero, "
                f"{zeros:.3f} were pruned"
            )
        if expected.two_of_four and not found.two_of_four:
            raise CheckFailedError(f"{path.name}: layer {layer} has lost its 2:4 pattern")
        if expected.values is not None and found.values_per_output > expected.values:
            raise CheckFailedError(
                f"{path.name}: an output of layer {layer} has {found.values_per_output} different "
                f"weights, more than {expected.values} clusters"
            )


def kernels(path: Path) -> list[tuple[str, npt.NDArray[Any], int]]:
    """The kernels of convolutions and dense layers in a file: name, values, operator index.

    Values are as stored: int8 in an int8 file, with zero point 0.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    graph = model.subgraphs[0]
    codes = schema.BuiltinOperator
    with_kernel = {codes.CONV_2D, codes.DEPTHWISE_CONV_2D, codes.FULLY_CONNECTED}
    found = []
    for number, operator in enumerate(graph.operators):
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) not in with_kernel:
            continue
        tensor = graph.tensors[operator.inputs[1]]
        data = model.buffers[tensor.buffer].data
        if data is None or tensor.type not in _DTYPES:
            continue
        values = np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(tensor.shape)
        name = tensor.name.decode("utf-8", "replace").removesuffix(WEIGHTS)
        found.append((name, values, number))
    return found


def summarize(path: Path) -> dict[str, Any]:
    """Summarize a model file's weights.

    Returns:
        "bytes" and "bytes_gzip" (level 9): file sizes; "zeros": share of zeros in all kernels
        together; "kernels": a list of `Weights`.
    """
    content = path.read_bytes()
    found = kernels(path)
    size = sum(values.size for _, values, _ in found)
    return {
        "bytes": len(content),
        "bytes_gzip": gzip_size(content),
        "zeros": sum(int(np.sum(values == 0)) for _, values, _ in found) / size if size else 0.0,
        "kernels": [asdict(_describe(*kernel)) for kernel in found],
    }


def two_of_four(values: npt.NDArray[Any]) -> bool:
    """Whether two of any four neighboring inputs are zero in a kernel `[out, ..., in]`.

    The remaining inputs are not checked if their number is not a multiple of four; for a kernel
    with fewer than four inputs the result is False.
    """
    fours = values.reshape(-1, values.shape[-1])[:, : values.shape[-1] // 4 * 4].reshape(-1, 4)
    return len(fours) > 0 and bool(np.all(np.sum(fours == 0, axis=1) >= 2))


def _describe(name: str, values: npt.NDArray[Any], operator: int) -> Weights:
    depthwise = values.ndim == 4 and values.shape[0] == 1
    outputs = (
        values.reshape(-1, values.shape[-1]).T if depthwise else values.reshape(len(values), -1)
    )
    return Weights(
        operator=operator,
        name=name,
        shape=values.shape,
        zeros=float(np.mean(values == 0)),
        values=len(np.unique(values)),
        values_per_output=max(len(np.unique(output)) for output in outputs),
        two_of_four=two_of_four(values),
    )
