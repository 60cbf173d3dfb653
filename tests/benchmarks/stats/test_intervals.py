import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.stats.estimate import student
from benchmarks.stats.proportion import wilson


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.975])
@pytest.mark.parametrize("freedom", [4, 7.5, 19, 100, 1000])
def test_students_quantile_is_that_of_scipy(confidence, freedom):
    assert student(confidence, freedom) == pytest.approx(stats.t.ppf(confidence, freedom), rel=0.01)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_that_of_scipy(counts):
    right, n = counts
    theirs = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson(right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
