"""Frames of cameras that are mounted sideways, upside down or behind a mirror."""

import threading

import numpy as np
import pytest

from device.frame import Frame
from device.sources.base import Source
from device.sources.oriented import OrientedSource

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


class Still(Source):
    name = "camera"
    live = True
    fps = 30.0

    def __init__(self, image=IMAGE, count=3):
        self._image, self._left = image, count
        self.dropped = 4
        self.closed = False

    def read(self, stop=None):
        self._left -= 1
        return Frame(self._image.copy(), 7, 1.5, self.name) if self._left >= 0 else None

    def close(self):
        self.closed = True
        self.hung = True


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [False, True])
def test_every_frame_is_rotated_clockwise_and_then_mirrored(degrees, flip, gray):
    image = IMAGE[..., 0].copy() if gray else IMAGE
    expected = np.rot90(image, -degrees // 90)
    expected = expected[:, ::-1] if flip else expected
    with OrientedSource(Still(image), degrees, flip) as source:
        for _ in range(3):
            frame = source.read(threading.Event())
            assert (frame.image == expected).all()
            assert (frame.number, frame.time, frame.name) == (7, 1.5, "camera")
        assert source.read() is None


def test_everything_else_is_that_of_the_source():
    still = Still()
    source = OrientedSource(still, 90)
    assert (source.name, source.live) == ("camera", True)
    source.read()
    assert (source.fps, source.dropped) == (30.0, 4)
    source.close()
    assert still.closed and source.hung


def test_the_loop_allocates_no_new_picture_per_frame():
    source = OrientedSource(Still(), 90, True)
    first, second = source.read(), source.read()
    assert first.image is second.image
