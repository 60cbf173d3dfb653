"""The morphable face: what was projected is lifted again, without its pose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.faces import pose
from device.faces.pose import Pose
from fer_edge.data.synthetic import view
from fer_edge.modalities.landmarks import geometry, morphable
from fer_edge.modalities.landmarks.faces import CROP, SIZE, ZOOM


def frontal(label: str, index: int) -> np.ndarray:
    return view(label, seed=5, size=SIZE, index=index, zoom=ZOOM).frontal / CROP


@pytest.fixture(scope="module")
def model() -> morphable.Morphable:
    heads = [frontal(label, i) for i in range(20) for label in ("happy", "surprise", "angry")]
    return morphable.learn(np.stack(heads), modes=12)


@settings(max_examples=20, deadline=None)
@given(st.floats(-40, 40), st.floats(-20, 20), st.floats(-40, 40), st.floats(0.6, 1.5))
def test_a_face_seen_from_any_side_is_lifted_to_the_same_face(model, yaw, pitch, roll, scale):
    head = frontal("happy", 50)
    seen = pose.project(Pose(yaw, pitch, roll, scale, np.array([0.03, -0.05])), head)
    found = morphable.fit(seen, model)
    eyes = np.linalg.norm(head[36] - head[45])
    apart = np.linalg.norm((found.lifted - head)[:, :2], axis=1).mean()
    assert apart < 0.1 * eyes
    assert found.pose.yaw == pytest.approx(yaw, abs=8)


def test_the_mean_face_has_no_coefficients(model):
    found = morphable.fit(model.mean[:, :2], model)
    assert np.abs(found.coefficients).max() < 1e-6
    np.testing.assert_allclose(found.lifted, model.mean, atol=1e-6)


def test_a_wide_open_mouth_is_seen_in_the_shape_from_the_side(model):
    """The lips of a surprised head, half turned, are as far apart as those of the head itself."""
    head = frontal("surprise", 50)
    seen = pose.project(Pose(30, 0, 0, 1, np.zeros(2)), head)
    lifted = morphable.fit(seen, model).lifted
    assert lifted[66, 1] - lifted[62, 1] == pytest.approx(head[66, 1] - head[62, 1], rel=0.2)


def test_mirroring_a_lifted_face_twice_gives_it_back():
    lifted = np.random.default_rng(0).normal(size=(3, 68, 3)).astype(np.float32)
    np.testing.assert_array_equal(geometry.mirrored(geometry.mirrored(lifted)), lifted)


@pytest.mark.slow
def test_a_net_over_points_learns_what_they_say(tmp_path):
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    random = np.random.default_rng(0)
    lifted = random.normal(size=(400, 68, 3)).astype(np.float32)
    labels = np.arange(400) % 2
    lifted[labels == 1, 48:, 1] += 1  # the mouth
    path = tmp_path / "geometry.tflite"
    standard = geometry.train(lifted[:300], labels[:300], path)
    answers = geometry.classify(path, standard(lifted[300:]))
    assert (answers.argmax(axis=1) == labels[300:]).mean() > 0.9
    np.testing.assert_allclose(np.exp(answers).sum(axis=1), 1, atol=1e-4)
