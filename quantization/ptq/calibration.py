"""Calibration: the range of each activation of a float file, from images, by one of four methods.

A range is what 256 integers are spread over. A wide one makes their steps coarse, a narrow one cuts
values off; the methods weigh that differently:

- `minmax`: all values that were seen.
- `moving-average`: the extremes of each image, averaged with a weight of 0.95 for what was before
  (Jacob et al. 2018, arXiv 1712.05877).
- `percentile`: all but the outermost 0.01 % of the values (Wu et al. 2020, arXiv 2004.09602).
- `mse`: both ends where rounding and cutting off have the least mean square error (Nagel et al.
  2021, arXiv 2106.08295).
"""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from device.geometry import FACE_SIZE
from device.model import graph
from device.model.classifier import Classifier
from quantization.ranges import Range, least_error

Method = Literal["minmax", "moving-average", "percentile", "mse"]
METHODS: tuple[Method, ...] = get_args(Method)

_BINS = 2048
_MOMENTUM = 0.95
_PERCENTILE = 99.99
_PROBABILITY = (0.0, 255 / 256)
_PIXELS = (1, FACE_SIZE, FACE_SIZE, 1)


def measure(path: Path, images: npt.NDArray[np.uint8], method: Method) -> dict[int, Range]:
    """Find the range of each activation of a float file, zero included.

    The input, and what comes of it before the first layer, is not measured: it spans exactly what
    pixels 0 and 255 become, by any method, so that an int8 input's byte can be pixel - 128. Nor is
    the output, a softmax, which has steps of 1/256 from 0.

    Args:
        path: the float32 `.tflite` file.
        images: uint8 [n, 48, 48], at least one.
        method: one of `METHODS`.

    Returns:
        (lowest, highest), lowest <= 0 <= highest, by index of tensor.

    Raises:
        InputError: the file cannot be run.
    """
    read = graph.load(path)
    tensors = [t for t in read.tensors if t.dtype == "float32" and not t.is_constant]
    # XNNPACK keeps what lies between input and output.
    net = Classifier(path, resolver="builtin", keep_tensors=True)

    def run(image: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        net(image)
        return [net.tensor(tensor.index) for tensor in tensors]

    extremes = np.array([[(x.min(), x.max()) for x in run(image)] for image in images])
    lowest, highest = extremes[..., 0].min(axis=0), extremes[..., 1].max(axis=0)
    if method == "minmax":
        found = list(zip(lowest, highest, strict=True))
    elif method == "moving-average":
        found = [tuple(row) for row in _moving_average(extremes)]
    else:
        clip = _percentile if method == "percentile" else _least_error
        counts = np.zeros((len(tensors), _BINS), np.int64)
        for image in images:
            for row, values, low, high in zip(counts, run(image), lowest, highest, strict=True):
                row += np.histogram(values, _BINS, (low, high))[0]
        found = [clip(*each) for each in zip(counts, lowest, highest, strict=True)]
    black, white = (run(np.full(_PIXELS[1:3], pixel, np.uint8)) for pixel in (0, 255))
    for i, tensor in enumerate(tensors):
        if tensor.shape == _PIXELS:
            found[i] = (black[i].min(), white[i].max())
        elif tensor.index in read.outputs:
            found[i] = _PROBABILITY
    return {
        tensor.index: (min(float(low), 0.0), max(float(high), 0.0))
        for tensor, (low, high) in zip(tensors, found, strict=True)
    }


def _moving_average(extremes: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    average = extremes[0]
    for row in extremes[1:]:
        average = _MOMENTUM * average + (1 - _MOMENTUM) * row
    return average


def _percentile(counts: npt.NDArray[np.int64], low: float, high: float) -> Range:
    """Cut half of what is left out off each end, at the edge of a bin."""
    edges = np.linspace(low, high, _BINS + 1)
    up_to = np.cumsum(counts) / counts.sum()
    tail = (100 - _PERCENTILE) / 200
    first = int(np.searchsorted(up_to, tail, side="right"))
    last = int(np.searchsorted(up_to, 1 - tail))
    return float(edges[first]), float(edges[last + 1])


def _least_error(counts: npt.NDArray[np.int64], low: float, high: float) -> Range:
    """Search on the histogram, as if all values stood in the middles of its bins."""
    widest = min(low, 0.0), max(high, 0.0)
    if widest[0] == widest[1]:
        return widest
    edges = np.linspace(low, high, _BINS + 1)
    return least_error((edges[:-1] + edges[1:]) / 2, counts, widest)
