import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.faces.crop import crop_face
from device.geometry import Box
from device.image.color import grey
from device.tracking.grey_frame import GreyFrame


@pytest.fixture(scope="module")
def colours():
    return np.random.default_rng(2).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)


def test_the_whole_is_grey(colours):
    frame = GreyFrame()
    for image in colours:
        frame.begin(image)
        np.testing.assert_array_equal(frame.whole(), grey(image))


@given(st.integers(-90, 170), st.integers(-70, 130), st.integers(1, 100))
def test_a_crop_in_reach_is_that_of_the_whole(colours, x, y, side):
    frame = GreyFrame()
    frame.begin(colours[0])
    frame.whole()
    frame.begin(colours[1])
    box = Box(x, y, side, side)
    part = crop_face(frame.around(box, side // 2 + 1), box)
    np.testing.assert_array_equal(part, crop_face(grey(colours[1]), box))


def test_a_grey_frame_is_used_as_it_is_and_not_written_to(colours):
    picture = grey(colours[0])
    frame = GreyFrame()
    frame.begin(picture)
    assert frame.whole() is picture and frame.around(Box(0, 0, 9, 9), 9) is picture
    kept = picture.copy()
    frame.begin(colours[1])
    frame.whole()
    np.testing.assert_array_equal(picture, kept)


def test_the_buffer_is_reused(colours):
    frame = GreyFrame()
    frame.begin(colours[0])
    first = frame.whole()
    frame.begin(colours[1])
    assert frame.around(Box(3, 3, 9, 9), 5) is first
