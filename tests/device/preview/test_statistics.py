"""Statistics of the preview."""

import pytest

from device.preview.statistics import TIMELINE_SECONDS, Statistics


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def statistics(clock):
    return Statistics(clock)


def test_frames_a_second_are_those_of_the_last_whole_second(statistics, clock, result):
    for number in range(60):
        statistics.add(result(number))
        clock.now += 1 / 25
    assert statistics.fps == pytest.approx(25, abs=1)
    assert statistics.frames == 60 and statistics.dropped == 3
    assert statistics.stages["detect"] == pytest.approx(12.0)


def test_the_timeline_has_the_mean_of_each_second(statistics, clock, result):
    for number in (0, 5, 10, 15):  # two angry faces, then two of disgust
        statistics.add(result(number))
    clock.now += 1
    statistics.add(result(0, faces=0))
    clock.now += 1
    first, second = statistics.timeline()
    assert (first.number, second.number) == (0, 1)
    assert first.mean[:2] == pytest.approx((0.375, 0.375))
    assert second.mean is None
    assert statistics.timeline(after=0) == [second]


def test_seconds_without_frames_are_in_the_timeline_too(statistics, clock, result):
    statistics.add(result(0))
    clock.now += 3
    assert [second.mean is None for second in statistics.timeline()] == [False, True, True]
    assert statistics.age() == 3


def test_the_timeline_does_not_grow_beyond_five_minutes(statistics, clock, result):
    for number in range(3):
        statistics.add(result(number))
        clock.now += 100_000
    timeline = statistics.timeline()
    assert len(timeline) == TIMELINE_SECONDS
    numbers = [second.number for second in timeline]
    assert numbers == list(range(numbers[0], numbers[0] + TIMELINE_SECONDS))
    assert numbers[-1] == 299_999
