"""Smoothing preserves distributions and depends on time only, and labels do not flicker."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from device.errors import InputError
from device.tracking.smoothing import UNCERTAIN, LabelHysteresis, Smoother

distributions = arrays.arrays(np.float32, 7, elements=st.floats(0.0, 1.0, width=32)).filter(
    lambda values: values.sum() > 0.01
)
steps = st.floats(0.0, 5.0)
A, B = np.eye(2, dtype=np.float32)


@given(st.lists(st.tuples(distributions, steps), min_size=1, max_size=30), st.floats(0, 3))
def test_it_stays_a_distribution(frames, time_constant):
    smoother = Smoother(7, time_constant)
    time = 0.0
    for probabilities, step in frames:
        time += step
        smooth = smoother.update(probabilities, time)
        assert smooth.dtype == np.float32
        assert smooth.min() >= 0
        assert smooth.sum() == pytest.approx(1, abs=1e-4)


@given(distributions)
def test_the_first_frame_counts_as_it_is(probabilities):
    smooth = Smoother(7, 0.5).update(probabilities, 12.0)
    np.testing.assert_allclose(smooth, probabilities / probabilities.sum(), rtol=1e-5)


@given(distributions, st.lists(steps, max_size=20))
def test_what_stays_the_same_is_left_as_it_is(probabilities, gaps):
    smoother = Smoother(7, 0.5)
    time = 0.0
    for step in [0.0, *gaps]:
        time += step
        smooth = smoother.update(probabilities, time)
        np.testing.assert_allclose(smooth, probabilities / probabilities.sum(), atol=1e-5)


@given(time_constant=st.floats(0.05, 5), frames=st.integers(1, 200))
def test_half_of_the_past_is_left_after_its_half_life_at_any_frame_rate(time_constant, frames):
    smoother = Smoother(2, time_constant)
    smoother.update(A, 0.0)
    half_life = time_constant * math.log(2)
    for frame in range(1, frames + 1):
        smooth = smoother.update(B, half_life * frame / frames)
    np.testing.assert_allclose(smooth, [0.5, 0.5], atol=1e-4)


@given(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=40), st.floats(0.1, 2))
def test_uneven_frames_come_to_the_same_as_one(gaps, time_constant):
    many, one = Smoother(2, time_constant), Smoother(2, time_constant)
    many.update(A, 3.0)
    one.update(A, 3.0)
    time = 3.0
    for gap in gaps:
        time += gap
        smooth = many.update(B, time)
    np.testing.assert_allclose(smooth, one.update(B, time), atol=1e-4)


def test_a_time_constant_of_0_does_not_smooth():
    smoother = Smoother(2, 0)
    smoother.update(A, 0.0)
    assert smoother.update(B, 0.001).tolist() == [0, 1]


def test_the_result_is_one_buffer():
    smoother = Smoother(2, 1)
    assert smoother.update(A, 0.0) is smoother.update(B, 1.0)


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_a_time_constant_that_is_none_is_named(seconds):
    with pytest.raises(InputError, match="smoothing"):
        Smoother(2, seconds)


def decide(decision, *shares):
    return decision.update(np.array(shares, np.float32))[0]


@pytest.fixture
def decision():
    return LabelHysteresis(("happy", "sad", "neutral"), threshold=0.4, hysteresis=0.1)


def test_a_label_stays_until_another_leads_clearly(decision):
    assert decide(decision, 0.55, 0.45, 0) == "happy"
    assert decide(decision, 0.46, 0.54, 0) == "happy"
    assert decide(decision, 0.44, 0.56, 0) == "sad"
    assert decide(decision, 0.54, 0.46, 0) == "sad"


def test_a_label_below_the_threshold_is_not_shown(decision):
    assert decide(decision, 0.5, 0.2, 0.3) == "happy"
    assert decide(decision, 0.39, 0.31, 0.3) == UNCERTAIN
    assert decide(decision, 0.43, 0.27, 0.3) == UNCERTAIN  # more than the threshold is needed
    assert decide(decision, 0.47, 0.23, 0.3) == "happy"


def test_a_label_that_sinks_below_the_threshold_makes_room_for_one_above(decision):
    assert decide(decision, 0.5, 0.3, 0.2) == "happy"
    assert decide(decision, 0.38, 0.42, 0.2) == "sad"


def test_confidence_is_that_of_the_label_shown(decision):
    assert decision.update(np.array([0.55, 0.45, 0], np.float32))[1] == pytest.approx(0.55)
    assert decision.update(np.array([0.46, 0.54, 0], np.float32))[1] == pytest.approx(0.46)
    assert decision.update(np.array([0.3, 0.35, 0.35], np.float32)) == (
        UNCERTAIN,
        pytest.approx(0.35),
    )


@given(st.lists(distributions, min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_whatever_is_shown_reaches_the_threshold(frames, threshold, hysteresis):
    names = tuple("abcdefg")
    decision = LabelHysteresis(names, threshold=threshold, hysteresis=hysteresis)
    for values in frames:
        probabilities = values / values.sum()
        label, confidence = decision.update(probabilities)
        if label == UNCERTAIN:
            assert confidence == probabilities.max()
        else:
            assert confidence == probabilities[names.index(label)] >= np.float32(threshold) - 1e-6


@given(distributions, st.floats(0, 1))
def test_an_answer_that_stays_gives_a_label_that_stays(values, threshold):
    probabilities = values / values.sum()
    decision = LabelHysteresis(tuple("abcdefg"), threshold=threshold, hysteresis=0.1)
    assert len({decision.update(probabilities) for _ in range(5)}) == 1


@pytest.mark.parametrize("option", ["threshold", "hysteresis"])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(InputError, match=option):
        LabelHysteresis("ab", **{"threshold": 0.4, "hysteresis": 0.1, option: value})
