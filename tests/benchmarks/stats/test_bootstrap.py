import numpy as np
import pytest
from arch import bootstrap as arch

from benchmarks.stats import bootstrap


def autoregressive(rho: float, n: int, seed: int = 0) -> np.ndarray:
    """A first-order autoregressive series around 100."""
    values = np.random.default_rng(seed).normal(size=n)
    for i in range(1, n):
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    return 100 + values


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("n", [20, 101, 400])
def test_the_draws_are_those_of_arch(rho, n):
    series = autoregressive(rho, n)
    theirs = arch.CircularBlockBootstrap(
        bootstrap.block_length(series), series, seed=np.random.default_rng(5)
    )
    expected = theirs.apply(np.median, bootstrap.RESAMPLES).ravel()
    assert bootstrap.medians(series, seed=5) == pytest.approx(expected)


def test_independent_rounds_are_drawn_and_summarized_as_arch_does():
    series = autoregressive(0.0, 12)  # too few for a block length
    theirs = arch.IIDBootstrap(series, seed=np.random.default_rng(3))
    (low,), (high,) = theirs.conf_int(np.median, bootstrap.RESAMPLES, method="percentile")
    assert bootstrap.median_interval(series, seed=3) == pytest.approx([low, high])


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
def test_the_block_length_is_close_to_that_of_arch_on_the_signs(rho):
    """Not equal: arch uses the first insignificant lag, the paper the last significant one."""
    ratios = []
    for seed in range(20):
        series = autoregressive(rho, 300, seed)
        signs = np.sign(series - np.median(series))
        expected = np.ceil(arch.optimal_block_length(signs)["circular"].item())
        ratios.append(bootstrap.block_length(series) / expected)
    assert np.median(ratios) == pytest.approx(1, abs=0.15)
    assert min(ratios) > 0.5 and max(ratios) < 2


def test_resampled_counts_vary_as_resampled_items_do():
    counts = np.array([[40, 10], [5, 45]])
    draws = bootstrap.resampled_counts(counts, seed=1)
    assert draws.shape == (bootstrap.RESAMPLES, 2, 2)
    assert (draws.sum(axis=(1, 2)) == 100).all()
    items = np.repeat(np.arange(4), counts.ravel())
    theirs = arch.IIDBootstrap(items, seed=np.random.default_rng(1))
    expected = theirs.apply(lambda drawn: np.mean(drawn == 0), bootstrap.RESAMPLES)
    assert draws[:, 0, 0].mean() == pytest.approx(100 * expected.mean(), abs=0.5)
    assert draws[:, 0, 0].std() == pytest.approx(100 * expected.std(), rel=0.1)


def test_a_single_value_has_no_interval():
    assert bootstrap.median_interval(np.array([3.0])) is None


def test_paired_differences_are_drawn_as_arch_does():
    differences = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], size=400, p=[0.1, 0.7, 0.2])
    theirs = arch.IIDBootstrap(differences, seed=np.random.default_rng(3))
    expected = theirs.conf_int(np.mean, 5000, method="percentile").ravel()
    assert bootstrap.paired_interval(differences) == pytest.approx(expected, abs=0.01)
    assert bootstrap.paired_interval(np.zeros(5)) == [0.0, 0.0]
