"""Names of the range estimators, in a module that needs no numpy."""

from typing import Literal, get_args

RangeMethod = Literal["minmax", "moving_average", "percentile", "mse"]
"""minmax: smallest and largest value. moving_average: minimum and maximum of each batch, averaged
exponentially (Jacob et al. 2018, arXiv 1712.05877). percentile: all but the outermost 0.01 % of the
values, half of that at each end (Wu et al. 2020, "Integer Quantization for Deep Learning
Inference", arXiv 2004.09602). mse: least mean square error of rounding and saturation together
(Nagel et al. 2021, arXiv 2106.08295)."""

RANGE_METHODS: tuple[RangeMethod, ...] = get_args(RangeMethod)
