"""Calibration: measures the range of each activation of a float model file on images.

The methods are those of `quantization.ranges`; for the moving average, each image is a batch.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.geometry import FACE_SIZE
from device.model import graph
from device.model.classifier import Classifier
from quantization.range_method import RangeMethod
from quantization.ranges import Histogram, Range, from_histogram, moving_average

_PROBABILITY = (0.0, 255 / 256)
_PIXELS = (1, FACE_SIZE, FACE_SIZE, 1)


def measure(path: Path, images: npt.NDArray[np.uint8], method: RangeMethod) -> dict[int, Range]:
    """Measure the range of each activation of a float model file; every range includes zero.

    The input and the normalized pixels before the first layer are not measured: with every method
    their range is that of pixels 0 to 255, so that the int8 input is pixel - 128. The output is not
    measured either: the softmax has scale 1/256 and starts at 0.

    Args:
        path: float32 `.tflite` file.
        images: uint8 [n, 48, 48], at least one.
        method: one of `quantization.range_method.RANGE_METHODS`.

    Returns:
        (lowest, highest), lowest <= 0 <= highest, by tensor index.

    Raises:
        InputError: the file cannot be run.
    """
    read = graph.load(path)
    tensors = [t for t in read.tensors if t.dtype == "float32" and not t.is_constant]
    # XNNPACK does not preserve intermediate tensors.
    net = Classifier(path, resolver="builtin", keep_tensors=True)

    def run(image: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        net(image)
        return [net.tensor(tensor.index) for tensor in tensors]

    extremes = np.array([[(x.min(), x.max()) for x in run(image)] for image in images])
    if method == "moving_average":
        found = [moving_average(extremes[:, i]) for i in range(len(tensors))]
    else:
        lows, highs = extremes[..., 0].min(axis=0), extremes[..., 1].max(axis=0)
        histograms = [Histogram(low, high) for low, high in zip(lows, highs, strict=True)]
        if method != "minmax":
            for image in images:
                for histogram, values in zip(histograms, run(image), strict=True):
                    histogram.add(values)
        found = [from_histogram(histogram, method) for histogram in histograms]
    black, white = (run(np.full(_PIXELS[1:3], pixel, np.uint8)) for pixel in (0, 255))
    for i, tensor in enumerate(tensors):
        if tensor.shape == _PIXELS:
            found[i] = (min(float(black[i].min()), 0.0), max(float(white[i].max()), 0.0))
        elif tensor.index in read.outputs:
            found[i] = _PROBABILITY
    return {tensor.index: each for tensor, each in zip(tensors, found, strict=True)}
