import numpy as np
import pytest

from device.face import Face
from device.faces.crop import crop_face
from device.faces.haar import HaarDetector
from device.faces.recognize import recognize
from device.geometry import Box
from device.image.color import gray
from device.image.draw import annotate
from device.labels import FER2013
from device.model.classifier import Classifier


class FoundAt:
    """A detector that returns given boxes."""

    color = False
    min_hits = 1

    def __init__(self, *boxes):
        self.faces = [Face(box) for box in boxes]

    def find(self, image):
        return self.faces


@pytest.fixture(scope="module")
def classifier(models):
    return Classifier(models["int8"])


def test_a_face_gets_the_distribution_of_its_crop(classifier, portrait):
    (face,) = recognize(portrait, classifier, HaarDetector())
    expected = classifier(crop_face(gray(portrait), face.box))
    assert face.labels == FER2013
    np.testing.assert_array_equal(face.probabilities, expected)
    assert tuple(face.distribution) == FER2013
    assert face.label == FER2013[int(expected.argmax())]


def test_faces_keep_their_own_distributions(classifier, portrait):
    boxes = Box(0, 0, 60, 60), Box(300, 300, 200, 200)
    faces = recognize(portrait, classifier, FoundAt(*boxes))
    assert [face.box for face in faces] == list(boxes)
    assert np.any(faces[0].probabilities != faces[1].probabilities)


def test_the_largest_alone_is_the_first(classifier, portrait):
    boxes = Box(0, 0, 60, 60), Box(300, 300, 50, 50)
    (face,) = recognize(portrait, classifier, FoundAt(*boxes), largest=True)
    assert face.box == boxes[0]


def test_nobody_is_no_error(classifier, still_life):
    assert recognize(still_life, classifier, HaarDetector()) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (48, 600, 3), (512, 512), (2000, 1500, 3)])
@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(-40, -40, 90, 90), Box(0, 0, 48, 48)])
def test_a_drawing_is_a_copy_in_color(shape, box):
    image = np.full(shape, 120, np.uint8)
    face = Face(box, labels=FER2013, probabilities=np.full(7, 1 / 7, np.float32))
    drawing = annotate(image, [face])
    assert drawing.shape == (*shape[:2], 3) and drawing.dtype == np.uint8
    assert np.all(image == 120)
    assert np.any(drawing != 120)


def test_a_drawing_of_nobody_is_the_picture(still_life):
    np.testing.assert_array_equal(annotate(still_life, []), still_life)
