import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from device.faces.crop import crop_face
from device.geometry import Box
from device.image.color import color, gray

sides = st.integers(1, 40)
shapes = st.one_of(st.tuples(sides, sides), st.tuples(sides, sides, st.sampled_from([1, 3, 4])))
boxes = st.builds(
    Box, st.integers(-60, 60), st.integers(-60, 60), st.integers(1, 80), st.integers(1, 80)
)


@given(image=shapes.flatmap(lambda s: arrays.arrays(st.sampled_from([np.uint8, np.uint16]), s)))
def test_any_picture_becomes_gray_of_its_size(image):
    result = gray(image)
    assert result.dtype == np.uint8
    assert result.shape == image.shape[:2]


@given(image=shapes.flatmap(lambda s: arrays.arrays(st.sampled_from([np.uint8, np.uint16]), s)))
def test_any_picture_gets_three_channels(image):
    result = color(image)
    assert result.dtype == np.uint8 and result.shape == (*image.shape[:2], 3)
    if image.ndim == 2:
        np.testing.assert_array_equal(result[:, :, 1], gray(image))


@given(value=st.integers(0, 255), channels=st.sampled_from([1, 3, 4]))
def test_gray_stays_gray_whatever_the_channels(value, channels):
    assert np.all(gray(np.full((5, 7, channels), value, np.uint8)) == value)


def test_the_channels_are_blue_green_red():
    blue_green_red = np.zeros((1, 3, 3), np.uint8)
    blue_green_red[0, [0, 1, 2], [0, 1, 2]] = 255
    assert gray(blue_green_red).tolist() == [[29, 150, 76]]  # luma of BT.601


def test_alpha_is_ignored():
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 4), dtype=np.uint8)
    np.testing.assert_array_equal(gray(image), gray(np.ascontiguousarray(image[:, :, :3])))


def test_sixteen_bits_span_the_same_range():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(gray(pixels.astype(np.uint16) * 257), pixels)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
    ids=["float", "two channels", "no pixels", "one axis"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="an image"):
        gray(image)


@given(
    image=arrays.arrays(np.uint8, st.tuples(sides, sides)),
    box=boxes,
    margin=st.floats(-0.4, 1),
    size=st.integers(1, 64),
)
def test_any_box_gives_a_square_of_pixels_of_the_picture(image, box, margin, size):
    crop = crop_face(image, box, margin=margin, size=size)
    assert crop.dtype == np.uint8 and crop.shape == (size, size)
    assert image.min() <= crop.min() and crop.max() <= image.max()


def test_a_crop_of_the_model_size_is_exact():
    image = np.random.default_rng(1).integers(0, 256, (100, 90), dtype=np.uint8)
    np.testing.assert_array_equal(crop_face(image, Box(20, 30, 48, 48)), image[30:78, 20:68])


def test_a_face_half_outside_keeps_its_place():
    image = np.random.default_rng(2).integers(0, 256, (60, 60), dtype=np.uint8)
    crop = crop_face(image, Box(-24, 6, 48, 48))
    np.testing.assert_array_equal(crop[:, 24:], image[6:54, :24])
    np.testing.assert_array_equal(crop[:, :24], np.repeat(image[6:54, :1], 24, axis=1))


def test_an_oblong_box_is_cropped_as_the_square_around_it():
    image = np.random.default_rng(3).integers(0, 256, (100, 100), dtype=np.uint8)
    expected = crop_face(image, Box(20, 20, 60, 60))
    np.testing.assert_array_equal(crop_face(image, Box(35, 20, 30, 60)), expected)


def test_a_margin_is_a_fraction_of_the_box_on_each_side():
    image = np.random.default_rng(4).integers(0, 256, (100, 100), dtype=np.uint8)
    expected = crop_face(image, Box(20, 20, 60, 60), margin=0)
    np.testing.assert_array_equal(crop_face(image, Box(30, 30, 40, 40), margin=0.25), expected)


def test_a_crop_is_written_where_it_is_wanted():
    image = np.random.default_rng(5).integers(0, 256, (100, 100), dtype=np.uint8)
    out = np.empty((48, 48), np.uint8)
    for box in (Box(0, 0, 48, 48), Box(3, 4, 20, 20), Box(-9, 30, 90, 90)):
        assert crop_face(image, box, out=out) is out
        np.testing.assert_array_equal(out, crop_face(image, box))


def test_a_crop_is_not_a_view_of_the_picture():
    image = np.zeros((48, 48), np.uint8)
    crop_face(image, Box(0, 0, 48, 48))[:] = 255
    assert not image.any()


@pytest.mark.parametrize(("box", "margin"), [(Box(0, 0, 0, 5), 0), (Box(0, 0, 5, 5), -0.5)])
def test_nothing_to_crop_is_refused(box, margin):
    with pytest.raises(ValueError, match="nothing to crop"):
        crop_face(np.zeros((9, 9), np.uint8), box, margin=margin)
