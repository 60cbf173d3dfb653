"""Per-layer quantization error: signal-to-quantization-noise ratio and saturation.

The signal-to-quantization-noise ratio (SQNR) is 10 log10 of the mean square of a float tensor over
the mean square of its difference from the quantized one, in decibels: about 6 dB per bit.
TensorFlow's quantization debugger and AIMET use the same measure.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model import graph, inspection
from device.model.classifier import Classifier
from device.model.graph import Graph, Operator
from device.model.tensor import Tensor
from quantization.verify.layer_matching import Pair, match

_INTEGERS = ("int8", "uint8", "int16")


@dataclass(frozen=True)
class Layer:
    """An operator of the quantized file, compared with its counterpart in the float file.

    Attributes:
        index: index of the operator in the quantized file.
        name: layer name; the operator name if the file has no layer name.
        operator: operator name, such as "CONV_2D".
        shape: shape of the output.
        sqnr_db: SQNR of the output, including the error of earlier layers; infinite if both files
            agree.
        loss_db: decrease of SQNR relative to the worst input; None if an input has no SQNR, such as
            the image.
        saturated: share of output values at an end of the integer range, 0.0 to 1.0; an end that
            represents 0, as after a ReLU, does not count.
        weight_sqnr_db: SQNR of the weights, including changes by training since the float file;
            None without weights, and for the first layer, whose float weights contain the
            normalization.
    """

    index: int
    name: str
    operator: str
    shape: tuple[int, ...]
    sqnr_db: float
    loss_db: float | None
    saturated: float
    weight_sqnr_db: float | None


@dataclass(frozen=True)
class Report:
    """Per-layer results for a quantized file.

    Attributes:
        layers: layers in execution order.
        images: number of images that were run.
        unmatched: names of layers of the quantized file without a counterpart in the float file.
    """

    layers: tuple[Layer, ...]
    images: int
    unmatched: tuple[str, ...]

    @property
    def ranked(self) -> tuple[Layer, ...]:
        """The layers, worst SQNR first."""
        return tuple(sorted(self.layers, key=lambda layer: layer.sqnr_db))


def compare(parent: Path, child: Path, images: npt.NDArray[np.uint8]) -> Report:
    """Run a quantized file and its float parent on the same images and compare all layers.

    Both run on the runtime's built-in kernels: XNNPACK does not preserve intermediate tensors.

    Args:
        parent: the float32 `.tflite` file.
        child: the quantized `.tflite` file.
        images: uint8 [n, 48, 48], at least one.

    Raises:
        InputError: a file cannot be run, or the files have no quantized layer in common.
    """
    graphs = graph.load(parent), graph.load(child)
    pairs = [pair for pair in match(*graphs) if _is_comparable(graphs, pair)]
    if not pairs:
        raise InputError(
            f"{child} has no quantized layer in common with {parent}: give the float32 file first, "
            "then an integer file of the same net"
        )
    files = [Classifier(path, resolver="builtin", keep_tensors=True) for path in (parent, child)]
    tallies = [_Tally() for _ in pairs]
    for image in images:
        for file in files:
            file(image)
        for (theirs, ours), tally in zip(pairs, tallies, strict=True):
            wanted = files[0].tensor(theirs.outputs[0])
            tally.add(wanted, files[1].tensor(ours.outputs[0]), _output(graphs[1], ours))
    layers = _layers(graphs, pairs, tallies)
    matched = {layer.index for layer in layers}
    return Report(
        layers=layers,
        images=len(images),
        unmatched=tuple(
            name_of(graphs[1], o) for o in graphs[1].operators if o.index not in matched
        ),
    )


class _Tally:
    """Sums over images of one layer's output."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0
        self._saturated = self._values = 0

    def add(self, wanted: npt.NDArray[Any], stored: npt.NDArray[Any], tensor: Tensor) -> None:
        found = _real(stored, tensor)
        self.signal += float(np.sum(np.square(wanted, dtype=np.float64)))
        self.noise += float(np.sum(np.square(wanted - found, dtype=np.float64)))
        assert tensor.quantization is not None  # checked by _is_comparable
        limits, zero = np.iinfo(stored.dtype), tensor.quantization.zero_points[0]
        for end in {limits.min, limits.max} - {int(zero)}:
            self._saturated += int(np.sum(stored == end))
        self._values += stored.size

    @property
    def saturated(self) -> float:
        return self._saturated / self._values if self._values else 0.0


def sqnr_db(signal: float, noise: float) -> float:
    """The ratio of two powers in decibels; infinite without noise."""
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0 else -math.inf


def _layers(
    graphs: tuple[Graph, Graph], pairs: list[Pair], tallies: list[_Tally]
) -> tuple[Layer, ...]:
    child = graphs[1]
    ratios: dict[int, float] = {}  # by tensor
    layers = []
    for pair, tally in zip(pairs, tallies, strict=True):
        ours = pair[1]
        output = _output(child, ours)
        ratio = ratios[output.index] = sqnr_db(tally.signal, tally.noise)
        before = [ratios[i] for i in ours.inputs if i in ratios]
        layers.append(
            Layer(
                index=ours.index,
                name=name_of(child, ours),
                operator=ours.name,
                shape=output.shape,
                sqnr_db=ratio,
                loss_db=min(before) - ratio if before and math.isfinite(min(before)) else None,
                saturated=tally.saturated,
                weight_sqnr_db=_weights(graphs, pair),
            )
        )
    return tuple(layers)


def _weights(graphs: tuple[Graph, Graph], pair: Pair) -> float | None:
    theirs, ours = (_weight(graph, o) for graph, o in zip(graphs, pair, strict=True))
    if theirs is None or ours is None or theirs.shape != ours.shape:
        return None
    if set(pair[1].inputs) & set(graphs[1].inputs):
        return None
    if theirs.dtype != "float32" or not _is_integer(ours):
        return None
    wanted = np.frombuffer(theirs.values, np.float32).reshape(theirs.shape)
    found = _real(np.frombuffer(ours.values, ours.dtype).reshape(ours.shape), ours)
    return sqnr_db(float(np.sum(wanted**2)), float(np.sum((wanted - found) ** 2)))


def _weight(graph: Graph, operator: Operator) -> Tensor | None:
    """The largest constant operand of an operator, which is its kernel; the bias is smaller."""
    constants = [graph.tensors[i] for i in operator.inputs if graph.tensors[i].is_constant]
    reals = [tensor for tensor in constants if tensor.stands_for_reals]
    return max(reals, key=lambda tensor: tensor.elements, default=None)


def _real(stored: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[np.float32]:
    """Dequantize a tensor's stored integers."""
    assert tensor.quantization is not None
    scales, zeros = tensor.quantization.scales, tensor.quantization.zero_points
    along = [1] * stored.ndim
    if len(scales) > 1:
        along[tensor.quantization.axis] = len(scales)
    real: npt.NDArray[np.float32] = (
        stored.astype(np.float32) - zeros.reshape(along).astype(np.float32)
    ) * scales.reshape(along)
    return real


def _is_comparable(graphs: tuple[Graph, Graph], pair: Pair) -> bool:
    theirs, ours = (_output(graph, o) for graph, o in zip(graphs, pair, strict=True))
    return theirs.dtype == "float32" and _is_integer(ours)


def _is_integer(tensor: Tensor) -> bool:
    return tensor.dtype in _INTEGERS and tensor.quantization is not None


def _output(graph: Graph, operator: Operator) -> Tensor:
    return graph.tensors[operator.outputs[0]]


def name_of(graph: Graph, operator: Operator) -> str:
    """The layer name in an operator's output tensor; the operator's name if there is none."""
    return inspection.layer(graph, operator.index) or operator.name
