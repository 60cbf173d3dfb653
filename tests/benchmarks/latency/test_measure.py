import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.latency import measure as latency

FACES = np.zeros((3, 48, 48), np.uint8)

times = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 8), st.integers(1, 3), st.integers(1, 5)),
    elements=st.integers(1, 10**9),
)


class Counter:
    """A classifier that records its calls in a shared log."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def __call__(self, face):
        self.log.append(self.name)
        return np.zeros(7, np.float32)


def test_each_round_gives_every_model_a_warm_up_and_its_calls():
    log = []
    models = [Counter("a", log), Counter("b", log)]
    found = list(latency.rounds(models, FACES, count=6, per_round=3))
    assert [(one.times.shape, one.preempted.shape) for one in found] == [((2, 3), (2,))] * 6
    assert all((one.times > 0).all() and (one.preempted >= 0).all() for one in found)
    turns = [tuple(log[i : i + 4]) for i in range(0, len(log), 4)]
    assert all(len(set(turn)) == 1 for turn in turns)
    pairs = [(turns[i][0], turns[i + 1][0]) for i in range(0, len(turns), 2)]
    assert len(pairs) == 6
    assert set(pairs) == {("a", "b"), ("b", "a")}  # the order is drawn anew


def test_the_garbage_collector_rests_while_calls_are_timed():
    collecting = []
    list(
        latency.rounds(
            [lambda face: collecting.append(gc.isenabled())], FACES, count=2, per_round=3
        )
    )
    assert collecting == [True, False, False, False] * 2  # the warm-up is not timed
    assert gc.isenabled()


def test_a_broken_model_leaves_the_garbage_collector_on():
    calls = iter([None])

    def breaks(face):
        next(calls)

    with pytest.raises(RuntimeError):
        next(latency.rounds([breaks], FACES, count=1, per_round=1))
    assert gc.isenabled()


@given(times)
@settings(max_examples=25)
def test_percentiles_are_ordered_and_within_what_was_measured(measured):
    block = latency.summary(measured, measured.shape[1] - 1)
    own = measured[:, -1] / 1000
    assert own.min() <= block["p50_us"] <= block["p90_us"] <= block["p99_us"]
    assert block["p99_us"] <= own.max() * (1 + 1e-12)
    assert block["n"] == own.size
    if len(measured) > 1:
        low, high = block["p50_us_ci95"]
        assert own.min() <= low <= high <= own.max()


@given(times)
@settings(max_examples=25)
def test_the_first_model_compares_with_itself_as_one(measured):
    assert latency.summary(measured, 0)["ratio_to_first"] == 1


@given(times)
@settings(max_examples=25)
def test_the_histogram_counts_every_call_once(measured):
    block = latency.summary(measured, 0)
    edges, counts = block["histogram_us"]["edges"], block["histogram_us"]["counts"]
    assert sum(counts) == block["n"]
    assert len(edges) == len(counts) + 1
    assert sorted(set(edges)) == edges


@pytest.mark.parametrize("every", [20, 4])
def test_calls_that_the_system_interrupted_leave_the_histogram_its_shape(every):
    usual = np.random.default_rng(0).normal(150_000, 3_000, (100, 1, 10)).astype(np.int64)
    usual[::every, 0, 0] = 40_000_000
    counts = latency.summary(usual, 0)["histogram_us"]["counts"]
    assert np.count_nonzero(np.array(counts) > 10) > 5


def test_the_ratio_to_the_reference_is_taken_within_rounds():
    drift = np.linspace(1, 3, 40)[:, None, None]
    measured = (drift * np.array([300_000, 600_000, 100_000])[:, None] * np.ones(5)).astype(int)
    block = latency.summary(measured, 1, reference=2)
    assert block["ratio_to_reference"] == pytest.approx(6, rel=1e-4)
    assert block["ratio_to_first"] == pytest.approx(2, rel=1e-4)
    assert latency.summary(measured, 1)["ratio_to_reference"] is None


def test_rounds_that_stay_alike_widen_the_interval():
    """Drawing single rounds of a random walk would give a far too narrow interval."""
    draw = np.random.default_rng(0)
    noise = np.exp(0.02 * draw.normal(size=200))
    walk = np.exp(np.convolve(0.02 * draw.normal(size=240), np.ones(40), "valid")[:200] / 6)
    widths = []
    for series in (noise, walk):
        measured = (100_000 * series[:, None, None] * np.ones((1, 1, 4))).astype(np.int64)
        low, high = latency.summary(measured, 0)["p50_us_ci95"]
        widths.append((high - low) / series.std())
    assert widths[1] > 2 * widths[0]


def test_a_drift_of_the_machine_does_not_show_in_the_ratio():
    drift = np.linspace(1, 3, 40)[:, None]
    noise = np.random.default_rng(0).normal(1, 0.01, (2, 40, 5))
    measured = np.stack([100_000 * drift * noise[0], 200_000 * drift * noise[1]], axis=1)
    block = latency.summary(measured.astype(np.int64), 1)
    low, high = block["ratio_to_first_ci95"]
    assert 1.97 < low <= block["ratio_to_first"] <= high < 2.03
    assert block["p50_us_ci95"][1] - block["p50_us_ci95"][0] > 20  # the drift does show here


def test_a_single_round_has_no_interval():
    block = latency.summary(np.full((1, 1, 4), 5000), 0)
    assert block["p50_us"] == 5
    assert block["p50_us_ci95"] is None
