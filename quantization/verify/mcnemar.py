"""McNemar's test: do two classifiers differ in accuracy on the same images?

Fagerland, Lydersen and Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and
asymptotic are better than exact conditional", BMC Medical Research Methodology 13:91.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class McNemar:
    """Result of McNemar's test: discordant images and p-values.

    Attributes:
        only_first: number of images that only the first classifier has right.
        only_second: number of images that only the second classifier has right.
        p_exact: two-sided p-value of the exact conditional test, which is conservative.
        p_mid: two-sided mid-p value, recommended by the authors.
    """

    only_first: int
    only_second: int
    p_exact: float
    p_mid: float


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> McNemar:
    """Compare two classifiers on the same images.

    Args:
        first: whether the first classifier has each image right, bool [n].
        second: whether the second classifier has each image right, bool [n].
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n, least = only_first + only_second, min(only_first, only_second)
    # Integers are exact for any number of images; 2**n overflows a float from n = 1,024.
    tail = Fraction(2 * sum(math.comb(n, k) for k in range(least + 1)), 2**n)
    point = Fraction(math.comb(n, least), 2**n)
    p_exact = min(Fraction(1), tail)
    # If both counts are equal, the exact p-value is 1 and counts that outcome only once.
    p_mid = p_exact - (point / 2 if only_first == only_second else point)
    return McNemar(only_first, only_second, float(p_exact), float(p_mid))
