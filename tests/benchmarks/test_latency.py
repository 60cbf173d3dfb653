import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks import latency

FACES = np.zeros((3, 48, 48), np.uint8)

times = hnp.arrays(
    np.int64,
    st.tuples(st.integers(1, 8), st.integers(1, 3), st.integers(1, 5)),
    elements=st.integers(1, 10**9),
)


class Counter:
    """A classifier that notes each call in a log it shares with others."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def __call__(self, face):
        self.log.append(self.name)
        return np.zeros(7, np.float32)


def test_each_round_gives_every_model_a_warm_up_and_its_calls():
    log = []
    models = [Counter("a", log), Counter("b", log)]
    found = list(latency.rounds(models, FACES, count=6, per_round=3))
    assert np.shape(found) == (6, 2, 3)
    assert (np.array(found) > 0).all()
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
