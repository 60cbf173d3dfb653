import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.geometry import Box
from device.image.color import gray
from device.tracking.template import TemplateTracker

FACE = Box(176, 66, 97, 97)


@pytest.fixture(scope="module")
def picture(portrait):
    return gray(portrait)


@settings(max_examples=40)
@given(across=st.integers(-18, 18), down=st.integers(-18, 18))
def test_a_face_that_moves_a_little_is_found_where_it_is(picture, across, down):
    moved = np.roll(picture, (down, across), (0, 1))
    found = TemplateTracker().find(moved, FACE, TemplateTracker.update(picture, FACE))
    assert found[:2] == pytest.approx((FACE.x + across, FACE.y + down), abs=2)
    assert found[2:] == FACE[2:]


@pytest.mark.parametrize("side", [30, 48, 70, 120])
def test_a_face_at_rest_stays_where_it_is(picture, side):
    box = Box(FACE.x, FACE.y, side, side)
    assert TemplateTracker().find(picture, box, TemplateTracker.update(picture, box)) == box


def test_other_light_does_not_matter(picture):
    darker = (picture * 0.5 + 20).astype(np.uint8)
    found = TemplateTracker().find(darker, FACE, TemplateTracker.update(picture, FACE))
    assert found[:2] == pytest.approx(FACE[:2], abs=1)


@pytest.mark.parametrize("value", [None, 0, 255])
def test_a_face_that_is_gone_is_lost(picture, value):
    if value is None:
        after = np.random.default_rng(0).integers(0, 256, picture.shape, dtype=np.uint8)
    else:
        after = np.full_like(picture, value)
    assert TemplateTracker().find(after, FACE, TemplateTracker.update(picture, FACE)) is None


def test_a_face_at_the_edge_is_followed(picture):
    before, after = picture[:, 215:], picture[:, 220:]
    box = Box(FACE.x - 215, FACE.y, FACE.w, FACE.h)
    found = TemplateTracker().find(after, box, TemplateTracker.update(before, box))
    assert found.y == pytest.approx(box.y, abs=4)


def test_a_likeness_is_written_over_the_old_one(picture):
    likeness = TemplateTracker.update(picture, FACE)
    assert TemplateTracker.update(picture, Box(0, 0, 50, 50), likeness) is likeness
