"""Files are played at their native frame rate."""

import threading

import numpy as np

from device.frame import Frame
from device.sources.base import Source
from device.sources.paced import RealTimeSource


class Film(Source):
    """Frames a hundredth of a second apart that take no time to read."""

    name = "film"
    number = 0
    closed = False

    def read(self, stop=None):
        self.number += 1
        if self.number > 5:
            return None
        return Frame(np.zeros((2, 2), np.uint8), self.number, self.number / 100, self.name)

    def close(self):
        self.closed = True


class Stop(threading.Event):
    """Records how long it was waited for, without waiting."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        return self.is_set()


def test_a_frame_is_given_not_before_its_time():
    stop, film = Stop(), RealTimeSource(Film())
    assert [film.read(stop).number for _ in range(5)] == [1, 2, 3, 4, 5]
    assert film.read(stop) is None
    assert stop.waits == sorted(stop.waits) and 0 < stop.waits[-1] <= 0.04


def test_frames_whose_time_has_passed_are_dropped_where_asked_for(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    film = RealTimeSource(Film(), drop_late=True)
    assert film.read(Stop()).number == 1
    now[0] += 0.222  # an analysis that takes as long as 22 frames: those up to 0.2 s late remain
    assert film.read(Stop()).number == 4
    assert film.dropped == 2
    now[0] += 5
    assert film.read(Stop()) is None and film.dropped == 3


def test_a_stop_ends_the_waiting():
    stop, film = Stop(), RealTimeSource(Film())
    film.read(stop)
    stop.set()
    assert film.read(stop) is None


def test_closing_closes_the_file():
    film = Film()
    RealTimeSource(film).close()
    assert film.closed
