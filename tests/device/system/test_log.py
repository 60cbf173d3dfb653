"""The log of a program that runs for a month."""

import logging

from device.system.log import BURST, INTERVAL, RateLimit


def test_each_kind_of_line_is_limited_and_what_was_left_out_is_counted():
    now = 0.0
    limit = RateLimit(clock=lambda: now)

    def line(number, text="camera %s is away"):
        record = logging.LogRecord("device", logging.WARNING, "camera.py", number, text, (1,), None)
        return record.getMessage() if limit.filter(record) else None

    written = [line(7) for _ in range(100)]
    assert written[:BURST] == ["camera 1 is away"] * BURST
    assert written[BURST:] == [None] * (100 - BURST)
    assert line(8) is not None  # another kind
    now = INTERVAL
    assert line(7) == f"camera 1 is away ({100 - BURST} more lines like this were suppressed)"
    assert line(7) == "camera 1 is away"


def test_a_line_now_and_then_is_never_left_out():
    now = 0.0
    limit = RateLimit(clock=lambda: now)
    for _ in range(50):
        record = logging.LogRecord("device", logging.INFO, "a.py", 1, "all is well", (), None)
        assert limit.filter(record) and record.getMessage() == "all is well"
        now += INTERVAL / BURST
