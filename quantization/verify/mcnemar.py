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
    """The images on which two classifiers differ, and how surprising that is.

    Attributes:
        only_first: images that the first alone has right.
        only_second: images that the second alone has right.
        p_exact: two-sided p-value of the exact conditional test, which is conservative.
        p_mid: two-sided mid-p value, which the authors recommend.
    """

    only_first: int
    only_second: int
    p_exact: float
    p_mid: float


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> McNemar:
    """Compare two classifiers on the same images.

    Args:
        first: bool [n], whether the first classifier has an image right.
        second: bool [n], likewise.
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n, least = only_first + only_second, min(only_first, only_second)
    # Integers are exact however many images differ; 2**n as a float ends at 1,023.
    tail = Fraction(2 * sum(math.comb(n, k) for k in range(least + 1)), 2**n)
    point = Fraction(math.comb(n, least), 2**n)
    p_exact = min(Fraction(1), tail)
    # Where both have as many, the exact p-value is 1 and counts the point but once.
    p_mid = p_exact - (point / 2 if only_first == only_second else point)
    return McNemar(only_first, only_second, float(p_exact), float(p_mid))
