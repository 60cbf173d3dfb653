import cv2
import numpy as np
import pytest

from device.detect import HaarDetector
from device.preprocess import grey


@pytest.fixture(scope="module")
def detector():
    return HaarDetector()


def test_a_portrait_has_one_face_where_it_is(detector, portrait):
    (box,) = detector.find(grey(portrait))
    assert box.x + box.w / 2 == pytest.approx(224, abs=12)
    assert box.y + box.h / 2 == pytest.approx(115, abs=12)
    assert 80 < box.w < 120


def test_a_large_picture_gives_boxes_in_its_own_pixels(detector, portrait):
    large = cv2.resize(grey(portrait), (4096, 4096))
    (box,) = detector.find(large)
    assert box.x + box.w / 2 == pytest.approx(8 * 224, abs=96)
    assert 8 * 80 < box.w < 8 * 120


def test_the_largest_face_comes_first(detector, portrait):
    face = grey(portrait)[20:220, 124:324]
    picture = np.full((220, 340), 128, np.uint8)
    picture[10:110, 10:110] = cv2.resize(face, (100, 100))
    picture[10:210, 130:330] = face
    first, second = detector.find(picture)
    assert first.x > 130 > second.x
    assert first.w > second.w


def test_a_still_life_has_no_face(detector, still_life):
    assert detector.find(grey(still_life)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (20, 20), (480, 640)])
def test_an_empty_picture_of_any_size_has_no_face(detector, shape):
    assert detector.find(np.zeros(shape, np.uint8)) == []


def test_boxes_stay_inside_the_picture(detector, portrait):
    face = grey(portrait)[60:170, 170:280]
    for height, width in ((110, 110), (1001, 999), (700, 1300)):
        for box in detector.find(cv2.resize(face, (width, height))):
            assert box.x >= 0 and box.y >= 0
            assert box.x + box.w <= width and box.y + box.h <= height
