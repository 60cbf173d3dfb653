"""The model of landmarks: drawn faces with known points, wrong files, and what is no face."""

import io
import zipfile

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.face import Face
from device.faces import points, pose
from device.faces.landmarks import SHAPE_FILE, LandmarkModel
from device.faces.locate import DOWN, SCALE, Locator, framed
from device.faces.pose import Pose
from device.geometry import Box
from device.model.file import ModelFile
from fer_edge import zoo
from fer_edge.data.synthetic import view

PATH = zoo.HOME / "landmarks" / "landmarks_int8.tflite"


@pytest.fixture(scope="module")
def model() -> LandmarkModel:
    return LandmarkModel(PATH)


def seen(**turned: float) -> tuple[np.ndarray, np.ndarray]:
    """A drawn face of a person outside of the training set, and its landmarks."""
    drawn = view("happy", seed=77, size=96, index=0, zoom=0.78, **turned)
    return drawn.image, drawn.landmarks[:, :2]


BOX = Box(11, 11, 75, 75)
"""The crop framed as FER2013's images in the middle of a drawn picture."""


def test_landmarks_are_found_in_the_pixels_of_the_image(model):
    image, truth = seen()
    face = Face(BOX)
    Locator(model)(image, face)
    eyes = np.linalg.norm(truth[36] - truth[45])
    assert face.landmarks.shape == (68, 2)
    assert np.linalg.norm(face.landmarks - truth, axis=1).mean() < 0.08 * eyes


def test_landmarks_of_a_tilted_crop_are_those_of_the_image(model):
    image, truth = seen(roll=25)
    face = Face(BOX, roll=np.radians(25))
    Locator(model)(image, face)
    eyes = np.linalg.norm(truth[36] - truth[45])
    assert np.linalg.norm(face.landmarks - truth, axis=1).mean() < 0.08 * eyes
    assert face.pose.roll == pytest.approx(25, abs=6)


@pytest.mark.parametrize("yaw", [-35, 35])
def test_a_turned_head_has_its_yaw(model, yaw):
    image, _ = seen(yaw=yaw)
    face = Face(BOX)
    Locator(model)(image, face)
    assert face.pose.yaw == pytest.approx(yaw, abs=12)


def test_alignment_frames_a_face_that_the_detector_framed_badly(model):
    image, _ = seen(roll=15)
    good, _ = Locator(model, align=True)(image, Face(BOX))
    bad, roll = Locator(model, align=True)(image, Face(Box(16, 6, 82, 82)))
    assert np.abs(np.subtract(bad, good)).max() <= 5
    assert np.degrees(roll) == pytest.approx(15, abs=6)


def test_a_face_that_is_framed_as_usual_keeps_its_frame():
    usual = Pose(0.0, 0.0, 0.0, SCALE, np.array([0.0, DOWN]))
    assert framed(Face(Box(10, 20, 40, 40)), usual) == (Box(10, 20, 40, 40), 0.0)


def test_without_alignment_the_crop_stays_as_detected(model):
    image, _ = seen(roll=15)
    assert Locator(model)(image, Face(BOX, roll=0.1)) == (BOX, 0.1)


def test_another_size_of_crop_is_scaled(model):
    crop = seen()[0][11:86, 11:86].copy()
    assert np.abs(model(crop) - model(cv2.resize(crop, (64, 64)))).max() < 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda marks: marks + 2, id="outside of the face"),
        pytest.param(lambda marks: marks * 30, id="larger than the picture"),
        pytest.param(lambda marks: marks * 0.01, id="a speck"),
        pytest.param(lambda marks: marks * 0, id="one place"),
        pytest.param(lambda marks: marks * np.nan, id="no numbers"),
    ],
)
def test_landmarks_that_fit_no_head_have_no_pose(model, wrong):
    assert model.pose(wrong(model.shape[:, :2].astype(np.float32))) is None


def test_a_face_without_fitting_landmarks_keeps_its_crop(model, monkeypatch):
    monkeypatch.setattr(LandmarkModel, "__call__", lambda self, face: np.full((68, 2), 9, "f4"))
    face = Face(BOX, roll=0.1, landmarks=np.zeros((68, 2), np.float32))
    assert Locator(model, align=True)(seen()[0], face) == (BOX, 0.1)
    assert face.landmarks is None and face.pose is None


@pytest.mark.parametrize("crop", [np.zeros((48, 64), np.uint8), np.zeros((64, 64), np.float32)])
def test_a_crop_is_square_and_of_bytes(model, crop):
    with pytest.raises(ValueError, match="a face is uint8 and square"):
        model(crop)


def test_the_mean_face_is_a_head_seen_from_the_front(model):
    fitted = pose.fit(model.shape[:, :2], model.shape)
    assert (fitted.yaw, fitted.pitch, fitted.roll) == pytest.approx((0, 0, 0), abs=1)
    left, right = points.five(model.shape)[:2]
    assert left[0] < 0 < right[0]


def test_a_classifier_is_no_model_of_landmarks():
    with pytest.raises(InputError, match="is no model of landmarks"):
        LandmarkModel(zoo.resolve("zoo:nano"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.tflite"):
        LandmarkModel(tmp_path / "none.tflite")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b'{"shape": "round"}', "damaged"),
        (b'{"shape": [[0, 0, 0]]}', "holds no face"),
    ],
)
def test_a_damaged_mean_face_is_refused(tmp_path, content, message):
    whole = ModelFile(PATH).content
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = min(member.header_offset for member in archive.infolist())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(SHAPE_FILE, content)
    path = tmp_path / "damaged.tflite"
    path.write_bytes(whole[:start] + packed.getvalue())
    with pytest.raises(InputError, match=message):
        LandmarkModel(path)


def test_a_classifier_with_a_mean_face_is_refused(tmp_path):
    with zipfile.ZipFile(PATH) as archive:
        shape = archive.read(SHAPE_FILE)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(SHAPE_FILE, shape)
    path = tmp_path / "mixed.tflite"
    path.write_bytes(zoo.resolve("zoo:nano").read_bytes() + packed.getvalue())
    with pytest.raises(InputError, match="is no int8 model of landmarks"):
        LandmarkModel(path)
