"""Label-free acceptance criterion for a change, evaluated on held-out faces.

A change is accepted if the mean of a criterion over the held-out faces rises by at least a margin
and the 95 % interval of the paired differences (bootstrap over faces) lies above 0.

For changes of the weights the criterion is mean confidence, which tracks accuracy under shift
(Guillory et al. 2021, "Predicting with confidence on unseen distributions"). The margins were tuned
with `zoo:nano`; docs/adapt.md shows their effect on other models.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.stats.bootstrap import paired_interval

CONFIDENCE = 0.01
"""Minimum rise of the mean confidence."""

LIKELIHOOD = 0.03
"""Minimum rise of the mean log-likelihood under a new class prior, in nats per face."""

DIVERGENCE = 0.0
"""Minimum fall of the cross-entropy to the teacher through self-training."""


@dataclass(frozen=True)
class Gain:
    """Gain of a change on the held-out faces.

    Attributes:
        mean: mean paired difference, after minus before.
        ci95: 95 % interval of the mean.
        kept: whether the mean reaches the margin and the interval lies above 0.
    """

    mean: float
    ci95: list[float]
    kept: bool


def gain(differences: NDArray[np.floating], margin: float) -> Gain:
    """Compute the gain of a change and decide whether to keep it.

    Args:
        differences: float [n], n > 0, criterion after minus before, per face.
        margin: minimum mean difference.
    """
    mean, interval = float(np.mean(differences)), paired_interval(differences)
    return Gain(mean, interval, bool(mean >= margin and interval[0] > 0))
