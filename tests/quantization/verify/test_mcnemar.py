import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantization.verify.mcnemar import mcnemar


def pair(both, only_first, only_second, neither):
    first = [True] * (both + only_first) + [False] * (only_second + neither)
    second = [True] * both + [False] * only_first + [True] * only_second + [False] * neither
    return np.array(first, bool), np.array(second, bool)


def test_the_published_example():
    """Airway hyper-responsiveness before and after transplantation (Fagerland et al., table 1)."""
    test = mcnemar(*pair(1, 1, 7, 12))
    assert (test.only_first, test.only_second) == (1, 7)
    assert test.p_exact == pytest.approx(0.0703, abs=5e-5)
    assert test.p_mid == pytest.approx(0.0391, abs=5e-5)


def test_no_difference_is_no_surprise():
    assert mcnemar(*pair(50, 0, 0, 7)).p_exact == 1
    assert mcnemar(*pair(50, 6, 6, 7)).p_exact == 1


def test_thousands_of_differences_do_not_overflow():
    test = mcnemar(*pair(0, 3000, 1000, 0))
    assert 0 < test.p_mid < test.p_exact < 1e-100


@given(st.integers(0, 60), st.integers(0, 60))
def test_it_is_symmetric_and_a_probability(first, second):
    test, other = mcnemar(*pair(5, first, second, 5)), mcnemar(*pair(5, second, first, 5))
    assert (test.p_exact, test.p_mid) == (other.p_exact, other.p_mid)
    assert 0 < test.p_mid < test.p_exact <= 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_test_is_the_binomial_one(first, second):
    stats = pytest.importorskip("scipy.stats")
    if first + second:
        wanted = stats.binomtest(first, first + second).pvalue
        assert mcnemar(*pair(5, first, second, 5)).p_exact == pytest.approx(wanted)
