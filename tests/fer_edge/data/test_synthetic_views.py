"""Drawn faces from known sides: pose, landmarks and depth agree with the picture."""

import numpy as np
import pytest

from device.errors import InputError
from device.faces import points, pose
from fer_edge.data.synthetic import face, view

FRONTAL = {"yaw": 0.0, "pitch": 0.0, "roll": 0.0}


def test_a_view_is_repeatable_and_tells_the_pose_that_was_asked_for():
    first = view("happy", seed=4, yaw=30, pitch=-10, roll=8)
    again = view("happy", seed=4, yaw=30, pitch=-10, roll=8)
    assert np.array_equal(first.image, again.image)
    assert (first.yaw, first.pitch, first.roll) == (30, -10, 8)
    assert first.image.shape == first.depth.shape == (48, 48)
    assert first.landmarks.shape == (68, 3)


def test_without_angles_the_view_shows_nearly_the_picture_of_face():
    for index in range(4):
        drawn = face("neutral", seed=2, index=index).astype(float)
        seen = view("neutral", seed=2, index=index).image.astype(float)
        other = face("neutral", seed=2, index=index + 1).astype(float)
        assert np.corrcoef(drawn.ravel(), seen.ravel())[0, 1] > 0.85
        assert np.abs(drawn - seen).mean() < np.abs(drawn - other).mean()


@pytest.mark.parametrize("angles", [(25, 0, 0), (-40, 0, 0), (0, 20, 0), (20, -15, 10)])
def test_landmarks_turn_as_a_rigid_head(angles):
    frontal = view("surprise", seed=1, size=96, **FRONTAL)
    turned = view("surprise", seed=1, size=96, yaw=angles[0], pitch=angles[1], roll=angles[2])
    shape = frontal.landmarks.astype(float)
    fitted = pose.fit(turned.landmarks[:, :2], shape)
    assert (fitted.yaw, fitted.pitch, fitted.roll) == pytest.approx(angles, abs=0.1)
    assert fitted.scale == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("yaw", [-35.0, 0.0, 35.0])
def test_landmarks_lie_where_the_picture_shows_the_parts(yaw):
    darker = []
    for index in range(6):
        seen = view("neutral", seed=3, index=index, size=96, yaw=yaw, pitch=0, roll=0)
        left, right, *_ = points.five(seen.landmarks[:, :2])
        near = left if yaw > 0 else right
        cheek = near + np.array([0, 14])
        darker.append(_mean(seen.image, cheek) - _mean(seen.image, near))
    assert np.median(darker) > 10


def test_a_turned_head_hides_its_far_side():
    frontal = view("neutral", seed=6, size=96, **FRONTAL)
    turned = view("neutral", seed=6, size=96, yaw=55, pitch=0, roll=0)
    assert frontal.visible.mean() > 0.9
    far, near = slice(9, 17), slice(0, 8)
    assert turned.visible[near].all()
    assert turned.visible[far].mean() < 0.5


def test_the_nose_is_nearest_and_the_background_has_no_depth():
    seen = view("neutral", seed=5, size=96, **FRONTAL)
    tip, corner = seen.landmarks[points.NOSE_TIP], seen.landmarks[36]
    assert tip[2] > corner[2] + 5
    assert np.isnan(seen.depth[0, 0]) or np.isnan(seen.depth[-1, 0])
    x, y = tip[:2].round().astype(int)
    assert seen.depth[y, x] == pytest.approx(tip[2], abs=3)


@pytest.mark.parametrize(
    "options", [{"yaw": 61}, {"pitch": -41}, {"roll": 46}, {"zoom": 0.4}, {"size": 8}]
)
def test_values_out_of_range_are_refused(options):
    with pytest.raises(InputError, match=r"use"):
        view("happy", seed=0, **options)


def _mean(image, place):
    x, y = np.round(place).astype(int)
    return image[y - 1 : y + 2, x - 2 : x + 3].mean()
