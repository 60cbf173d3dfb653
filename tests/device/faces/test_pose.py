"""The pose of a head from its landmarks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.faces import points, pose

SHAPE = np.random.default_rng(0).normal(size=(68, 3))


@given(st.floats(-80, 80), st.floats(-80, 80), st.floats(-170, 170), st.floats(0.1, 100))
def test_the_pose_of_a_projected_face_is_found_again(yaw, pitch, roll, scale):
    seen = pose.project(pose.Pose(yaw, pitch, roll, scale, np.array([3.0, -4.0])), SHAPE)
    fitted = pose.fit(seen, SHAPE)
    assert (fitted.yaw, fitted.pitch, fitted.roll) == pytest.approx((yaw, pitch, roll), abs=1e-4)
    assert fitted.scale == pytest.approx(scale)
    assert pose.normalize(seen, SHAPE, fitted) == pytest.approx(SHAPE, abs=1e-6)


def test_positive_yaw_turns_the_nose_right_and_positive_pitch_down():
    nose = np.array([0.0, 0.0, 1.0])
    assert (pose.rotation(30, 0, 0) @ nose)[0] > 0
    assert (pose.rotation(0, 30, 0) @ nose)[1] > 0
    x, y, _ = pose.rotation(0, 0, 30) @ np.array([1.0, 0.0, 0.0])
    assert x > 0 and y > 0


@pytest.mark.parametrize("seen", [np.full((68, 2), 7.0), np.full((68, 2), np.nan)])
def test_points_without_a_pose_are_refused(seen):
    with pytest.raises(ValueError, match="landmarks are"):
        pose.fit(seen, SHAPE)


def test_mirroring_twice_gives_each_point_back():
    assert np.array_equal(points.MIRRORED[points.MIRRORED], np.arange(points.COUNT))


def test_the_five_points_are_those_of_a_detector():
    marks = np.zeros((68, 2))
    marks[points.LEFT_EYE], marks[points.RIGHT_EYE] = (-1, 0), (1, 0)
    marks[points.NOSE_TIP], marks[points.LEFT_CORNER] = (0, 1), (-0.5, 2)
    marks[points.RIGHT_CORNER] = (0.5, 2)
    assert points.five(marks).tolist() == [[-1, 0], [1, 0], [0, 1], [-0.5, 2], [0.5, 2]]
