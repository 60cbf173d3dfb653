import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.faces.detector import open_detector
from device.faces.download import YUNET
from device.faces.haar import HaarDetector
from device.faces.yunet import YuNetDetector
from device.image.color import gray


@pytest.fixture(scope="module")
def model():
    folder = os.environ.get("FER_EDGE_DATA")
    if folder is None:
        pytest.skip("FER_EDGE_DATA names no folder with yunet/")
    path = Path(folder) / "yunet" / YUNET.file
    if not path.is_file():
        pytest.skip(f"no {path}")
    return path


@pytest.fixture(scope="module")
def detector(model):
    return YuNetDetector(model)


def middle(box):
    return box.x + box.w / 2, box.y + box.h / 2


def test_it_frames_a_face_about_as_the_cascade_does(detector, portrait):
    (face,) = detector.find(portrait)
    box, roll = face.box, face.roll
    (face,) = HaarDetector().find(gray(portrait))
    other = face.box
    assert middle(box) == pytest.approx(middle(other), abs=0.15 * other.w)
    assert box.w == pytest.approx(other.w, rel=0.2)
    assert abs(roll) < math.radians(15)


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_it_sees_how_far_a_head_is_tilted(detector, portrait, degrees):
    (face,) = detector.find(portrait)
    straight = face.roll
    turn = cv2.getRotationMatrix2D((224, 115), -degrees, 1)  # OpenCV turns anticlockwise
    (face,) = detector.find(cv2.warpAffine(portrait, turn, (512, 512)))
    box, roll = face.box, face.roll
    assert math.degrees(roll - straight) == pytest.approx(degrees, abs=8)
    assert middle(box) == pytest.approx((224, 115), abs=25)


def test_faces_that_are_not_looked_at_twice_count_as_upright(model, portrait):
    turn = cv2.getRotationMatrix2D((224, 115), -20, 1)
    (face,) = YuNetDetector(model, align=0).find(cv2.warpAffine(portrait, turn, (512, 512)))
    roll = face.roll
    assert roll == 0


def test_a_large_picture_gives_boxes_in_its_own_pixels(detector, portrait):
    (face,) = detector.find(portrait)
    small = face.box
    (face,) = detector.find(cv2.resize(portrait, (4096, 4096)))
    box = face.box
    assert middle(box) == pytest.approx([8 * place for place in middle(small)], abs=64)
    assert box.w == pytest.approx(8 * small.w, rel=0.1)


def test_a_face_half_outside_keeps_its_place(detector, portrait):
    (face,) = detector.find(portrait)
    whole = face.box
    cut = 200  # through the nose
    (face,) = detector.find(np.ascontiguousarray(portrait[:, cut:]))
    box = face.box
    assert box.x < 0
    assert middle(box) == pytest.approx((middle(whole)[0] - cut, middle(whole)[1]), abs=25)


def test_a_gray_picture_will_do(detector, portrait):
    assert len(detector.find(gray(portrait))) == 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 1, 3), (20, 20), (480, 640, 3)])
def test_an_empty_picture_of_any_size_has_no_face(detector, shape):
    assert detector.find(np.zeros(shape, np.uint8)) == []


def test_a_low_picture_shows_nothing_of_the_picture_before(detector, portrait):
    low = np.zeros((31, 320, 3), np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    for before in (portrait, noise, np.full((100, 100), 255, np.uint8)) * 5:
        detector.find(before)
        assert detector.find(low) == []


def test_a_still_life_has_no_face(detector, still_life):
    assert detector.find(still_life) == []


def test_it_is_opened_by_its_name(model, portrait):
    assert len(open_detector("yunet", model=model, search_size=256).find(portrait)) == 1


def test_a_detector_that_was_not_fetched_says_how(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(InputError, match="run fer-edge fetch yunet"):
        YuNetDetector()


def test_the_fetched_file_is_used(model, monkeypatch, tmp_path, portrait):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    YUNET.path().parent.mkdir(parents=True)
    YUNET.path().write_bytes(model.read_bytes())
    assert len(YuNetDetector().find(portrait)) == 1


def test_a_fetched_file_that_changed_is_refused(model, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    YUNET.path().parent.mkdir(parents=True)
    content = bytearray(model.read_bytes())
    content[100_000] ^= 1
    YUNET.path().write_bytes(content)
    with pytest.raises(InputError, match=r"SHA-256 .* instead of 8f2383e4dd3c.* again"):
        YuNetDetector()


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\x07" * 500])
def test_a_file_that_is_no_model_is_refused(tmp_path, content, capfd):
    path = tmp_path / "face.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"face\.onnx is not a YuNet model"):
        YuNetDetector(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("part", [0.01, 0.5, 0.999])
def test_a_model_cut_short_is_refused(model, tmp_path, part):
    path = tmp_path / "cut.onnx"
    content = model.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError, match="is not a YuNet model"):
        YuNetDetector(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such detector file"):
        YuNetDetector(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="is a folder"):
        YuNetDetector(tmp_path)
