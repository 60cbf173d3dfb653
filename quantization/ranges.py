"""Range estimators: which range an activation's 256 integers spread over, from values it took.

The wider the range, the coarser the step; the narrower, the more is cut off. Every range contains
0, which int8 has to hold exactly for padding (Nagel et al. 2021, "A White Paper on Neural Network
Quantization", arXiv 2106.08295).
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Ranges = Literal["moving_average", "minmax", "percentile", "mse"]
"""moving_average: starts as minmax and follows the batches in training (Jacob et al. 2018). The
others stay as calibration found them (Wu et al. 2020, "Integer Quantization for Deep Learning
Inference", arXiv 2004.09602). minmax: smallest and largest value. percentile: a ten-thousandth of
the values is cut off at either end. mse: rounding and cutting have the least mean square error."""

RANGES: tuple[Ranges, ...] = get_args(Ranges)

Range = tuple[float, float]
Values = npt.NDArray[np.float32]

PERCENTILE = 99.99
_STEPS = 255
_BINS = 2048
_SHARES = np.arange(128, 0, -1) / 128
"""Of the observed ends, what `mse` tries."""


def estimator(ranges: Ranges) -> Callable[[Values], Range]:
    """The function that estimates a range from float32 values of any shape, at least one."""
    return {"moving_average": minmax, "minmax": minmax, "percentile": percentile, "mse": mse}[
        ranges
    ]


def minmax(values: Values) -> Range:
    """From the smallest value to the largest, and to 0 where all are on one side of it."""
    return min(float(values.min()), 0.0), max(float(values.max()), 0.0)


def percentile(values: Values) -> Range:
    """As `minmax`, without the smallest and the largest 100 - `PERCENTILE` per cent."""
    low, high = np.percentile(values, (100 - PERCENTILE, PERCENTILE))
    return min(float(low), 0.0), max(float(high), 0.0)


def mse(values: Values) -> Range:
    """The range of least mean square error that a search finds; never worse than `minmax`."""
    widest = minmax(values)
    if widest[0] == widest[1]:
        return widest
    found = least_error(*_histogram(values, widest), widest)
    return min((widest, found), key=lambda candidate: mean_square_error(values, candidate))


def least_error(
    values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], widest: Range
) -> Range:
    """Move the upper end, then the lower one, and both once more, to where the error is least.

    Args:
        values: float64 [n], one for each bin of a histogram.
        counts: int64 [n], of the bins.
        widest: what holds all values and 0, not empty.
    """
    low, high = widest

    def error(candidate: Range) -> float:
        return float(counts @ np.square(quantized(values, candidate) - values))

    for _ in range(2):
        high = min(_SHARES * widest[1], key=lambda end: error((low, end)))
        low = min(_SHARES * widest[0], key=lambda end: error((end, high)))
    return float(low), float(high)


def mean_square_error(values: Values, chosen: Range) -> float:
    """What int8 with this range makes of the values, against the values."""
    return float(np.mean(np.square(quantized(values, chosen) - values), dtype=np.float64))


def quantized(values: npt.NDArray[np.floating], chosen: Range) -> npt.NDArray[np.floating]:
    """The values after a way through 8 bits; the ends move a little, so that 0 is kept exactly.

    Args:
        values: of any shape.
        chosen: the range, not empty.
    """
    low, high = chosen
    step = (high - low) / _STEPS
    zero = round(-low / step)
    return (np.clip(np.rint(values / step), -zero, _STEPS - zero) * step).astype(values.dtype)


def _histogram(
    values: Values, widest: Range
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The mean of the values in each bin that has any, and their number."""
    flat, (low, high) = values.ravel(), widest
    shares = (flat.astype(np.float64) - low) / (high - low)  # in float32, tiny ranges overflow
    bins = np.minimum((shares * _BINS).astype(np.int32), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    sums = np.bincount(bins, weights=flat, minlength=_BINS)
    return sums[counts > 0] / counts[counts > 0], counts[counts > 0]
