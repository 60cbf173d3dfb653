import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.tracking.region import WHOLE, Region

fractions = st.floats(0, 1)


def test_a_region_is_read():
    assert Region.parse("0.25,0, 0.5 ,1") == Region(0.25, 0.0, 0.5, 1.0)


@pytest.mark.parametrize("text", ["", "1,2,3", "0,0,1,1,1", "a,b,c,d", "0,0,1,x"])
def test_what_is_no_region_is_named(text):
    with pytest.raises(InputError, match="give X,Y,WIDTH,HEIGHT"):
        Region.parse(text)


@pytest.mark.parametrize(
    "text", ["0,0,0,1", "-0.1,0,1,1", "0.6,0,0.5,1", "0,0,100,100", "0,0,nan,1"]
)
def test_a_region_outside_the_picture_is_named(text):
    with pytest.raises(InputError, match="not inside the image"):
        Region.parse(text)


def test_the_region_is_a_view_of_the_picture():
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    part, left, top = Region(0.5, 0.2, 0.25, 0.5).cut(image)
    assert (left, top) == (10, 2) and part.shape == (5, 5)
    assert np.shares_memory(part, image) and part[0, 0] == image[2, 10]


def test_the_whole_is_the_picture():
    image = np.zeros((3, 4, 3), np.uint8)
    part, left, top = WHOLE.cut(image)
    assert part.shape == image.shape and (left, top) == (0, 0)


@given(fractions, fractions, fractions, fractions, st.integers(1, 50), st.integers(1, 50))
def test_every_region_of_every_picture_holds_a_pixel(x, y, right, bottom, width, height):
    region_sides = max(1e-3, right - x), max(1e-3, bottom - y)
    if x + region_sides[0] > 1 or y + region_sides[1] > 1:
        return
    part, left, top = Region(x, y, *region_sides).cut(np.zeros((height, width), np.uint8))
    assert min(part.shape) >= 1
    assert left + part.shape[1] <= width and top + part.shape[0] <= height
