"""Types that models, metrics and latency measurements share."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEFT_OUT = -1
"""Label of an image that is left out, such as one without a FER+ majority."""


Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""A classifier: one gray face, uint8 [48, 48], to one probability per label, float32 [labels]."""
