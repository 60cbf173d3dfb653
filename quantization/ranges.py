"""Range estimators: choose the quantization range of an activation from observed values.

Used by quantization-aware training and by post-training calibration. A wider range has a larger
scale and so more rounding error; a narrower one saturates more values. Every range contains 0,
which int8 has to represent exactly for padding (Nagel et al. 2021, "A White Paper on Neural
Network Quantization", arXiv 2106.08295).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from quantization.range_method import RangeMethod

Range = tuple[float, float]
"""(lowest, highest), lowest <= 0 <= highest."""

PERCENTILE = 99.99
"""Percent of the values that `percentile` keeps."""

BINS = 2048
_STEPS = 255
_SMALLEST_STEP = float(np.finfo(np.float32).tiny)  # below it, a step is 0 in float32
_SHARES = np.arange(128, 0, -1) / 128
"""Shares of the observed minimum and maximum that `mse` tries."""


class Histogram:
    """Histogram of a tensor's values, with bins of equal width between known extremes.

    Attributes:
        low: smallest value.
        high: largest value.
        counts: int64 [BINS], values in each bin.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = float(low), float(high)
        self.counts = np.zeros(BINS, np.int64)
        self._sums = np.zeros(BINS)

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Add values of any shape, all between `low` and `high`."""
        flat = values.ravel().astype(np.float64)  # tiny ranges overflow in float32
        width = self.high - self.low
        bins = np.zeros(len(flat), np.intp)
        if width > 0:
            bins = np.clip((flat - self.low) / width * BINS, 0, BINS - 1).astype(np.intp)
        self.counts += np.bincount(bins, minlength=BINS)
        self._sums += np.bincount(bins, weights=flat, minlength=BINS)

    def means(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Mean and number of the values of each non-empty bin."""
        filled = self.counts > 0
        return self._sums[filled] / self.counts[filled], self.counts[filled]


def estimate(values: npt.NDArray[np.float32], method: RangeMethod) -> Range:
    """Estimate the range of one batch of values; for "moving_average" the same as "minmax".

    Args:
        values: float32 of any shape, at least one.
        method: one of `quantization.range_method.RANGE_METHODS`.
    """
    histogram = Histogram(values.min(), values.max())
    if method in ("percentile", "mse"):
        histogram.add(values)
    return from_histogram(histogram, method)


def from_histogram(histogram: Histogram, method: RangeMethod) -> Range:
    """Estimate the range from a histogram; for "moving_average" the same as "minmax"."""
    methods: dict[RangeMethod, Callable[[Histogram], Range]] = {
        "minmax": minmax,
        "moving_average": minmax,
        "percentile": percentile,
        "mse": mse,
    }
    return methods[method](histogram)


def minmax(histogram: Histogram) -> Range:
    """From the smallest value to the largest, extended to include 0."""
    return min(histogram.low, 0.0), max(histogram.high, 0.0)


def moving_average(extremes: npt.NDArray[np.floating], *, momentum: float = 0.95) -> Range:
    """Exponential moving average of each batch's minimum and maximum.

    Args:
        extremes: [batches, 2], minimum and maximum of each batch, in order.
        momentum: weight of the average so far, 0.0 to 1.0.
    """
    average = extremes[0].astype(np.float64)
    for row in extremes[1:]:
        average = momentum * average + (1 - momentum) * row
    return min(float(average[0]), 0.0), max(float(average[1]), 0.0)


def percentile(histogram: Histogram) -> Range:
    """Leave out (100 - `PERCENTILE`) / 2 percent of the values at each end, to a bin edge."""
    edges = np.linspace(histogram.low, histogram.high, BINS + 1)
    cumulative = np.cumsum(histogram.counts) / histogram.counts.sum()
    tail = (100 - PERCENTILE) / 200
    first = int(np.searchsorted(cumulative, tail, side="right"))
    last = int(np.searchsorted(cumulative, 1 - tail))
    return min(float(edges[first]), 0.0), max(float(edges[last + 1]), 0.0)


def mse(histogram: Histogram) -> Range:
    """The range with the least mean square error, treating each value as the mean of its bin.

    Coordinate search: the upper end, then the lower one, then both again are set to the share of
    the extreme that has the least error.
    """
    low, high = widest = minmax(histogram)
    if low == high:
        return widest
    values, counts = histogram.means()

    def error(candidate: Range) -> float:
        return float(counts @ np.square(quantized(values, candidate) - values))

    for _ in range(2):
        high = min(_SHARES * widest[1], key=lambda end: error((low, end)))
        low = min(_SHARES * widest[0], key=lambda end: error((end, high)))
    return float(low), float(high)


def mean_square_error(values: npt.NDArray[np.float32], chosen: Range) -> float:
    """Mean square error of quantizing values to 8 bits in this range."""
    return float(np.mean(np.square(quantized(values, chosen) - values), dtype=np.float64))


def quantized(values: npt.NDArray[np.floating], chosen: Range) -> npt.NDArray[np.floating]:
    """Quantize values to 8 bits and back; the range is shifted slightly so that 0 is exact.

    Args:
        values: values, of any shape.
        chosen: quantization range, not empty.
    """
    low, high = chosen
    step = max((high - low) / _STEPS, _SMALLEST_STEP)
    zero = round(-low / step)
    return (np.clip(np.rint(values / step), -zero, _STEPS - zero) * step).astype(values.dtype)
