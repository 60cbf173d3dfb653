"""What a measured classifier is: the contract between models and metrics."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEFT_OUT = -1
"""The label of an image that no class holds, such as one without a FER+ majority."""


Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""What is measured: one gray face in, one probability a label out."""
