import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.faces.crop import crop_face
from device.geometry import Box
from device.image.color import gray
from device.tracking.gray_frame import GrayFrame


@pytest.fixture(scope="module")
def colors():
    return np.random.default_rng(2).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)


def test_the_whole_is_gray(colors):
    frame = GrayFrame()
    for image in colors:
        frame.begin(image)
        np.testing.assert_array_equal(frame.whole(), gray(image))


@given(st.integers(-90, 170), st.integers(-70, 130), st.integers(1, 100))
def test_a_crop_in_reach_is_that_of_the_whole(colors, x, y, side):
    frame = GrayFrame()
    frame.begin(colors[0])
    frame.whole()
    frame.begin(colors[1])
    box = Box(x, y, side, side)
    part = crop_face(frame.around(box, side // 2 + 1), box)
    np.testing.assert_array_equal(part, crop_face(gray(colors[1]), box))


def test_a_gray_frame_is_used_as_it_is_and_not_written_to(colors):
    picture = gray(colors[0])
    frame = GrayFrame()
    frame.begin(picture)
    assert frame.whole() is picture and frame.around(Box(0, 0, 9, 9), 9) is picture
    kept = picture.copy()
    frame.begin(colors[1])
    frame.whole()
    np.testing.assert_array_equal(picture, kept)


def test_the_buffer_is_reused(colors):
    frame = GrayFrame()
    frame.begin(colors[0])
    first = frame.whole()
    frame.begin(colors[1])
    assert frame.around(Box(3, 3, 9, 9), 5) is first
