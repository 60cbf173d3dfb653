import cv2
import numpy as np
import pytest

from device.errors import InputError
from device.faces.detector import open_detector
from device.faces.download import YUNET
from device.faces.haar import HaarDetector
from device.image.color import gray


@pytest.fixture(scope="module")
def detector():
    return HaarDetector()


def test_a_portrait_has_one_face_where_it_is(detector, portrait):
    (face,) = detector.find(gray(portrait))
    box, roll = face.box, face.roll
    assert roll == 0
    assert box.x + box.w / 2 == pytest.approx(224, abs=12)
    assert box.y + box.h / 2 == pytest.approx(115, abs=12)
    assert 80 < box.w < 120


def test_a_large_picture_gives_boxes_in_its_own_pixels(detector, portrait):
    large = cv2.resize(gray(portrait), (4096, 4096))
    (face,) = detector.find(large)
    box = face.box
    assert box.x + box.w / 2 == pytest.approx(8 * 224, abs=96)
    assert 8 * 80 < box.w < 8 * 120


def test_the_largest_face_comes_first(detector, portrait):
    face = gray(portrait)[20:220, 124:324]
    picture = np.full((220, 340), 128, np.uint8)
    picture[10:110, 10:110] = cv2.resize(face, (100, 100))
    picture[10:210, 130:330] = face
    first, second = detector.find(picture)
    assert first.box.x > 130 > second.box.x
    assert first.area > second.area


def test_a_still_life_has_no_face(detector, still_life):
    assert detector.find(gray(still_life)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (20, 20), (480, 640)])
def test_an_empty_picture_of_any_size_has_no_face(detector, shape):
    assert detector.find(np.zeros(shape, np.uint8)) == []


def test_boxes_stay_inside_the_picture(detector, portrait):
    face = gray(portrait)[60:170, 170:280]
    for height, width in ((110, 110), (1001, 999), (700, 1300)):
        for found in detector.find(cv2.resize(face, (width, height))):
            box = found.box
            assert box.x >= 0 and box.y >= 0
            assert box.x + box.w <= width and box.y + box.h <= height


def test_a_smaller_search_finds_the_same_face(portrait):
    (face,) = HaarDetector(search_size=160).find(gray(portrait))
    box = face.box
    assert box.x + box.w / 2 == pytest.approx(224, abs=16)
    assert 80 < box.w < 130


def test_a_detector_is_opened_by_its_name(portrait):
    assert len(open_detector("haar").find(gray(portrait))) == 1
    assert len(open_detector("haar", search_size=240).find(gray(portrait))) == 1


def test_options_that_make_no_detector_are_named(tmp_path):
    with pytest.raises(InputError, match="'mtcnn': give one of auto, haar, yunet"):
        open_detector("mtcnn")
    with pytest.raises(InputError, match="haar takes no model file"):
        open_detector("haar", model=tmp_path / "yunet.onnx")
    with pytest.raises(InputError, match="detection size 5"):
        open_detector("haar", search_size=5)


def test_yunet_is_the_default_where_its_file_is(tmp_path, monkeypatch):
    from device.faces import yunet

    monkeypatch.setattr(yunet, "YuNetDetector", lambda model, search_size: ("yunet", model))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert isinstance(open_detector("auto"), HaarDetector)
    given = tmp_path / "given.onnx"
    assert open_detector("auto", model=given) == ("yunet", given)
    YUNET.path().parent.mkdir(parents=True)
    YUNET.path().touch()
    assert open_detector("auto") == ("yunet", None)
    assert isinstance(open_detector("haar"), HaarDetector)
