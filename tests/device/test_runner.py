"""The loop from source to sinks, with failing sinks and until it is stopped."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from device.face import Face
from device.frame import Frame
from device.geometry import Box
from device.runner import STAGES, run, stopping_on_signals
from device.sinks.base import BrokenOutput, Sink
from device.sources.base import Source

LABELS = ("happy", "sad")


class Frames(Source):
    name = "frames"

    def __init__(self, count, *, live=False):
        self.count, self.live, self.number = count, live, -1

    def read(self, stop=None):
        self.number += 1
        self.dropped = self.number // 2 if self.live else 0
        moment = time.monotonic() - 1 if self.live else self.number / 10
        if self.number == self.count:
            return None
        return Frame(np.zeros((4, 4), np.uint8), self.number, moment, self.name)


class OneFace:
    """A face in every frame."""

    labels = LABELS

    def __init__(self):
        self.stages = {"detect": 3.0, "classify": 2.0, "track": 1.0}

    def process(self, frame):
        return [
            Face(
                Box(0, 0, 2, 2),
                track=1,
                labels=self.labels,
                probabilities=np.float32([0.8, 0.2]),
                label="happy",
                confidence=0.8,
            )
        ]


class Memory(Sink):
    """Records frame numbers; fails on some."""

    def __init__(self, name="memory", fails=(), error=None):
        self.name, self.fails, self.seen, self.results = name, fails, [], []
        self.error = error or OSError(28, "No space left on device")

    def write(self, result):
        if result.frame.number in self.fails:
            raise self.error
        self.seen.append(result.frame.number)
        self.results.append((dict(result.stages), result.dropped, len(result.faces), result.live))

    def close(self):
        pass


def test_every_frame_goes_to_every_sink():
    sinks = [Memory(), Memory()]
    summary = run(Frames(5), OneFace(), sinks, stop=threading.Event())
    assert [sink.seen for sink in sinks] == [[0, 1, 2, 3, 4]] * 2
    assert (summary.frames, summary.faces, summary.lost) == (5, 5, {})
    stages, _, faces, live = sinks[0].results[0]
    assert tuple(stages) == STAGES
    assert (stages["detect"], stages["classify"], stages["track"]) == (3, 2, 1)
    assert faces == 1 and not live


def test_a_live_frame_s_latency_counts_from_its_capture():
    sink = Memory()
    summary = run(Frames(4, live=True), OneFace(), [sink], stop=threading.Event())
    stages, dropped, _, live = sink.results[-1]
    assert live and dropped == 1
    assert stages["total"] >= 1000
    assert summary.dropped == 2


def test_a_sink_that_fails_costs_its_own_results_alone(caplog):
    broken, whole = Memory("disk", fails=(1, 2)), Memory("other")
    summary = run(Frames(5), OneFace(), [broken, whole], stop=threading.Event())
    assert broken.seen == [0, 3, 4]
    assert whole.seen == [0, 1, 2, 3, 4]
    assert summary.lost == {"disk": 2}
    assert "disk cannot be written (No space left on device)" in caplog.text


def test_a_reader_that_is_gone_ends_the_run():
    sink = Memory(fails=(2,), error=BrokenOutput())
    assert run(Frames(5), OneFace(), [sink], stop=threading.Event()).frames == 3


def test_it_ends_after_so_many_frames():
    assert run(Frames(5), OneFace(), [], stop=threading.Event(), frames=2).frames == 2


def test_it_ends_when_stopped():
    stop = threading.Event()

    class StopAtTwo(Memory):
        def write(self, result):
            super().write(result)
            if result.frame.number == 2:
                stop.set()

    sink = StopAtTwo()
    run(Frames(1000), OneFace(), [sink], stop=stop)
    assert sink.seen == [0, 1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_set_the_event_and_are_given_back(number):
    before = signal.getsignal(number)
    with stopping_on_signals() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(1) and stop.signal == number
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_wait():
    with stopping_on_signals() as stop, pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def test_a_signal_that_was_to_be_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)
