"""Live sources: the newest frame, reopening, ending."""

import threading

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.sources import capture
from device.sources.capture import Capture, CapturedSource


class Scripted(Capture):
    """Returns images of one color each, as scripted, each after the test allows it."""

    name = "scripted"

    def __init__(self, *sessions, live=True, reopens=True, step=None):
        """A session is a list of gray levels, or an InputError that opening raises."""
        self.live, self.reopens = live, reopens
        self.sessions = list(sessions)
        self.step = step  # one permit a picture
        self.reading = threading.Event()
        self.buffers = []
        self.opened = self.closed = 0
        self._left = iter(())

    def open(self):
        self.opened += 1
        session = self.sessions.pop(0) if self.sessions else []
        if isinstance(session, InputError):
            raise session
        self._left = iter(session)

    def read(self, buffer):
        self.reading.set()
        if self.step is not None:
            self.step.acquire()
        level = next(self._left, None)
        if level is None:
            return None
        self.buffers.append(buffer)
        image = np.empty((4, 6, 3), np.uint8) if buffer is None else buffer
        image[:] = level
        return image

    def close(self):
        self.closed += 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(capture, "MIN_RETRY_DELAY", 0.001)
    monkeypatch.setattr(capture, "MAX_RETRY_DELAY", 0.004)


def levels(source, count=1000):
    seen = []
    while len(seen) < count and (frame := source.read()) is not None:
        seen.append(int(frame.image[0, 0, 0]))
    return seen


def test_every_frame_of_a_file_is_read_in_order():
    script = Scripted(range(50), live=False, reopens=False)
    with CapturedSource(script) as source:
        assert levels(source) == list(range(50))
        assert source.dropped == 0
    assert script.closed == 1


def test_three_buffers_go_round():
    script = Scripted(range(50), live=False, reopens=False)
    with CapturedSource(script) as source:
        levels(source)
    assert sum(buffer is None for buffer in script.buffers) <= 3


def test_of_a_live_source_the_newest_frame_is_read_and_the_others_are_counted():
    step = threading.Semaphore(1)
    script = Scripted(range(10), reopens=False, step=step)
    with CapturedSource(script) as source:
        first = source.read()
        assert (first.number, int(first.image[0, 0, 0])) == (0, 0)
        step.release(10)  # nine more, and the end
        source._thread.join()
        newest = source.read()
        assert (newest.number, int(newest.image[0, 0, 0])) == (9, 9)
        assert source.dropped == 8
        assert newest.time >= first.time
        assert source.read() is None


def test_the_frame_that_is_being_looked_at_is_not_written_over():
    step = threading.Semaphore(1)
    with CapturedSource(Scripted(range(10), reopens=False, step=step)) as source:
        held = source.read()
        step.release(10)
        source._thread.join()
        assert (held.image == 0).all()


def test_a_source_that_vanishes_is_opened_again_until_it_is_back(caplog):
    away = InputError("unplugged")
    script = Scripted([1, 2], away, [], away, [3], step=None)
    with CapturedSource(script) as source:
        seen = []
        while not seen or seen[-1] != 3:
            seen += levels(source, 1)
        assert script.opened >= 5
    text = caplog.text
    assert "scripted provides no more images: reopening it" in text
    assert "scripted is still unavailable" in text and "unplugged" in text
    assert "scripted is back" in text


def test_waits_between_tries_grow_up_to_a_bound(caplog):
    away = InputError("unplugged")
    script = Scripted([1], *[away] * 6, [3])
    with CapturedSource(script) as source:
        while levels(source, 1) != [3]:
            pass
    messages = [record.msg for record in caplog.records]
    (back, *_) = (i for i, message in enumerate(messages) if "is back" in message)
    until_back = caplog.records[:back]  # the reader may have lost the source again meanwhile
    waits = [record.args[1] for record in until_back if "still unavailable" in record.msg]
    assert len(waits) >= 5
    assert waits == sorted(waits)
    assert max(waits) == 0.004


def test_a_source_that_never_opens_is_an_error():
    with (
        CapturedSource(Scripted(InputError("no such camera"))) as source,
        pytest.raises(InputError, match="no such camera"),
    ):
        source.read()


def test_a_source_that_opens_and_gives_nothing_is_an_error():
    with CapturedSource(Scripted([])) as source, pytest.raises(InputError, match="no image"):
        source.read()


def test_any_other_failure_of_the_thread_is_seen_by_who_reads():
    class Broken(Scripted):
        def read(self, buffer):
            raise MemoryError

    with CapturedSource(Broken([1])) as source, pytest.raises(MemoryError):
        source.read()


def test_trouble_in_opencv_ends_the_session_and_not_the_run(caplog):
    class Odd(Scripted):
        def read(self, buffer):
            if self.opened == 1 and len(self.buffers) == 2:
                raise cv2.error("no such codec")
            return super().read(buffer)

    with CapturedSource(Odd([1, 2, 3], [4])) as source:
        while levels(source, 1) != [4]:
            pass
    assert "no such codec" in caplog.text and "is back" in caplog.text


def test_a_read_that_waits_gives_up_when_stopped():
    step = threading.Semaphore(0)
    stop = threading.Event()
    with CapturedSource(Scripted([1], reopens=False, step=step)) as source:
        threading.Timer(0.01, stop.set).start()
        assert source.read(stop) is None
        step.release(2)


def test_closing_leaves_a_hanging_driver_behind_and_says_so(monkeypatch):
    monkeypatch.setattr(capture, "_TIMEOUT", 0.01)
    step = threading.Semaphore(0)
    script = Scripted([1], step=step)
    source = CapturedSource(script)
    stop = threading.Event()
    stop.set()
    assert source.read(stop) is None
    assert script.reading.wait(10)
    source.close()
    assert source.hung
    step.release(2)
    source._thread.join()


def test_closing_ends_the_wait_for_a_vanished_source(monkeypatch):
    monkeypatch.setattr(capture, "MIN_RETRY_DELAY", 60.0)
    source = CapturedSource(Scripted([1]))
    assert levels(source, 1) == [1]
    source.close()
    assert not source.hung
