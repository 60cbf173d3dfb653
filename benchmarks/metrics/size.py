"""Size of a model file in bytes, gzipped bytes, parameters and multiply-adds."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from device.model import graph
from device.system.gzip_size import gzip_size

if TYPE_CHECKING:
    from benchmarks.results.types import Precision, Size


def measure(path: Path) -> "Size":
    """Measure the size of a model file.

    The gzipped size is that of level 9 without a time stamp, so that it is reproducible.

    Returns:
        The `size` block of `results.json`.

    Raises:
        InputError: the file is missing or damaged.
    """
    net = graph.load(path)
    content = path.read_bytes()
    return {
        "kind": "measured",
        "bytes": len(content),
        "bytes_gzip": gzip_size(content),
        "parameters": net.parameters,
        "multiply_adds": net.multiply_adds,
    }


def precision(path: Path) -> "Precision":
    """Determine the precision of a model from the dtypes of most of its weights and activations.

    Returns:
        "float32", "float16" (float16 weights), "dynamic" (int8 weights, float activations), "int8"
        or "int16x8" (int16 activations, int8 weights).

    Raises:
        InputError: the file is missing or damaged.
    """
    net = graph.load(path)
    made_by = {i: operator for operator in net.operators for i in operator.outputs}
    weights_of: Counter[Precision] = Counter({"float32": 0})
    for operator in net.operators:
        if not operator.multiply_adds:
            continue
        weights, output = net.tensors[operator.inputs[1]], net.tensors[operator.outputs[0]]
        source = made_by.get(weights.index)
        if source is not None and source.name == "DEQUANTIZE":
            weights = net.tensors[source.inputs[0]]
        weights_of[_kind(output.dtype, weights.dtype)] += weights.elements
    return weights_of.most_common(1)[0][0]


def _kind(activations: str, weights: str) -> "Precision":
    if activations == "int16":
        return "int16x8"
    if activations in ("int8", "uint8"):
        return "int8"
    if weights == "float16":
        return "float16"
    return "dynamic" if weights in ("int8", "uint8") else "float32"
