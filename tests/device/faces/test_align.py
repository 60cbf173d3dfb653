import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.faces.align import CENTER, SIDE, FaceCropper, frame_face
from device.faces.crop import crop_face
from device.geometry import Box

angles = st.floats(-math.pi + 0.01, math.pi - 0.01)


def turned(point, middle, roll):
    x, y = point[0] - middle[0], point[1] - middle[1]
    cos, sin = math.cos(roll), math.sin(roll)
    return middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y


@given(angles, st.floats(20, 500), st.floats(20, 500))
def test_the_frame_turns_with_the_eyes(roll, width, height):
    middle = (300.0, 200.0)
    eyes = [turned((300 + side * 0.2 * width, 200), middle, roll) for side in (-1, 1)]
    face = frame_face(width, height, *eyes)
    box = face.box
    assert face.roll == pytest.approx(roll, abs=1e-9)
    side = SIDE * math.sqrt(width * height)
    assert box.w == box.h == round(side)
    center = turned((300, 200 + CENTER * side), middle, roll)
    assert (box.x + side / 2, box.y + side / 2) == pytest.approx(center, abs=1)


@pytest.fixture(scope="module")
def picture():
    """An image without fine detail, so that resampling it changes little."""
    noise = np.random.default_rng(7).integers(0, 256, (400, 400), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), None, 0, 255, cv2.NORM_MINMAX)


@pytest.mark.parametrize("side", [30, 48, 97, 180])
@pytest.mark.parametrize("degrees", [-160, -35, -5, 5, 35, 90])
def test_a_turned_face_is_cropped_as_the_upright_one(picture, side, degrees):
    box = Box(200 - side // 2, 200 - side // 2, side, side)
    middle = (box.x + (side - 1) / 2, box.y + (side - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, -degrees, 1)  # OpenCV turns anticlockwise
    tilted = cv2.warpAffine(picture, turn, (400, 400))
    crop = FaceCropper()(tilted, box, math.radians(degrees))
    expected = crop_face(picture, box)
    assert np.abs(crop.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("roll", [0.0, math.radians(1), math.radians(-1)])
def test_an_upright_face_is_cropped_as_it_is(picture, roll):
    box = Box(50, 60, 90, 90)
    np.testing.assert_array_equal(FaceCropper()(picture, box, roll), crop_face(picture, box))


def test_a_margin_counts_in_turned_crops_too(picture):
    inner, outer = Box(150, 150, 60, 60), Box(120, 120, 120, 120)
    expected = FaceCropper()(picture, outer, 0.5).copy()
    np.testing.assert_array_equal(FaceCropper(margin=0.5)(picture, inner, 0.5), expected)


@given(
    st.integers(-80, 480),
    st.integers(-80, 480),
    st.integers(1, 600),
    angles,
    st.floats(-0.4, 1),
)
def test_any_face_gives_a_crop_of_the_models_size(x, y, side, roll, margin):
    picture = np.random.default_rng(1).integers(60, 90, (300, 400), dtype=np.uint8)
    crop = FaceCropper(margin=margin)(picture, Box(x, y, side, side), roll)
    assert crop.shape == (48, 48) and crop.dtype == np.uint8
    assert crop.min() >= 60 and crop.max() < 90


def test_buffers_are_reused(picture):
    crop = FaceCropper()
    for roll in (0.0, 0.3):
        first = crop(picture, Box(10, 10, 100, 100), roll)
        assert np.shares_memory(first, crop(picture, Box(90, 90, 100, 100), roll))


@pytest.mark.parametrize("roll", [0.0, 1.0])
def test_nothing_to_crop_is_refused(picture, roll):
    with pytest.raises(ValueError, match="nothing to crop"):
        FaceCropper()(picture, Box(0, 0, 0, 5), roll)
