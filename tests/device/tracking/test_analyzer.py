"""From frames to faces, with a real image and a scripted detector."""

import numpy as np
import pytest

from device.errors import InputError
from device.face import Face
from device.faces.crop import crop_face
from device.faces.haar import HaarDetector
from device.frame import Frame
from device.geometry import Box
from device.image.color import gray
from device.labels import FER2013
from device.tracking.analyzer import FaceAnalyzer
from device.tracking.region import Region
from device.tracking.smoothing import UNCERTAIN

FACE = Box(176, 66, 97, 97)  # of the portrait


class Brightness:
    """A model for which bright crops are happy and dark ones sad; counts its calls."""

    labels = FER2013
    parts = ()

    def __init__(self):
        self.seen = []

    def __call__(self, face):
        assert face.shape == (48, 48) and face.dtype == np.uint8
        self.seen.append(face.copy())
        answer = np.zeros(7, np.float32)
        answer[FER2013.index("happy" if face.mean() > 60 else "sad")] = 0.75
        answer[FER2013.index("neutral")] = 0.25
        return answer


class Told:
    """A detector that returns given faces and counts its calls."""

    def __init__(self, *boxes, color=False, min_hits=1):
        self.color, self.min_hits = color, min_hits
        self.boxes = list(boxes)
        self.asked = 0
        self.image = None

    def find(self, image):
        self.asked += 1
        self.image = image
        return sorted((Face(box) for box in self.boxes), key=lambda face: -face.area)


@pytest.fixture
def model():
    return Brightness()


def frames(*pictures, name="camera", rate=10.0):
    for number, picture in enumerate(pictures):
        yield Frame(picture, number, number / rate, name)


def moved(picture, across):
    return np.ascontiguousarray(np.roll(picture, across, 1))


def test_a_face_gets_the_smoothed_answer_for_its_crop(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE))
    (face,) = faces.process(Frame(portrait, 0, 0.0, "camera"))
    assert (face.track, face.box, face.label) == (1, FACE, "happy")
    assert face.confidence == pytest.approx(0.75)
    assert face.probabilities.tolist() == [0, 0, 0, 0.75, 0, 0, 0.25]
    np.testing.assert_array_equal(model.seen[0], crop_face(gray(portrait), FACE))


@pytest.mark.parametrize("color", [False, True])
def test_the_detector_gets_the_picture_it_wants(model, portrait, color):
    detector = Told(FACE, color=color)
    FaceAnalyzer(model, detector).process(Frame(portrait, 0, 0.0, "camera"))
    np.testing.assert_array_equal(detector.image, portrait if color else gray(portrait))


@pytest.mark.parametrize("color", [False, True])
def test_between_detections_a_face_is_followed(model, portrait, color):
    detector = Told(FACE, color=color)
    faces = FaceAnalyzer(model, detector, every=4)
    for step, frame in enumerate(frames(*(moved(portrait, 6 * step) for step in range(4)))):
        (face,) = faces.process(frame)
        assert face.track == 1
        assert (face.box.x, face.box.y) == pytest.approx((FACE.x + 6 * step, FACE.y), abs=2)
        expected = crop_face(gray(frame.image), face.box)
        np.testing.assert_array_equal(model.seen[-1], expected)
    assert detector.asked == 1


@pytest.mark.parametrize(("every", "asked"), [(1, 7), (2, 4), (3, 3), (9, 1)])
def test_every_nth_frame_is_searched(model, portrait, every, asked):
    detector = Told(FACE)
    faces = FaceAnalyzer(model, detector, every=every)
    for frame in frames(*[portrait] * 7):
        faces.process(frame)
    assert detector.asked == asked


def test_nobody_is_looked_for_every_nth_frame_only(model, still_life):
    detector = Told()
    faces = FaceAnalyzer(model, detector, every=3)
    assert [faces.process(frame) for frame in frames(*[still_life] * 6)] == [[]] * 6
    assert detector.asked == 2 and model.seen == []


def test_a_lost_face_is_looked_for_at_once(model, portrait):
    detector = Told(FACE)
    faces = FaceAnalyzer(model, detector, every=5)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    detector.boxes = [Box(FACE.x + 60, FACE.y, 97, 97)]
    (face,) = faces.process(Frame(moved(portrait, 60), 1, 0.1, "camera"))  # too far to follow
    assert detector.asked == 2
    assert face.box.x == FACE.x + 60


def test_a_face_that_left_is_not_shown(model, portrait, still_life):
    detector = Told(FACE)
    faces = FaceAnalyzer(model, detector, every=5)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    detector.boxes = []
    empty = np.zeros_like(portrait)
    assert [faces.process(Frame(empty, 1 + step, 0.1, "camera")) for step in range(4)] == [[]] * 4
    assert detector.asked == 2


def test_a_face_that_the_detector_misses_is_followed_until_patience_ends(model, portrait):
    detector = Told(FACE)
    faces = FaceAnalyzer(model, detector, every=1, max_age=0.5)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    detector.boxes = []
    shown = [len(faces.process(Frame(portrait, n, n / 10, "camera"))) for n in range(1, 8)]
    assert shown == [1, 1, 1, 1, 1, 0, 0]


def test_distributions_are_smoothed_in_seconds(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE), smoothing=0.5)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    (face,) = faces.process(Frame(portrait // 8, 1, 0.5 * np.log(2), "camera"))
    assert face.probabilities[FER2013.index("happy")] == pytest.approx(0.375, abs=1e-3)
    assert face.probabilities[FER2013.index("sad")] == pytest.approx(0.375, abs=1e-3)
    assert face.label == UNCERTAIN


def test_a_threshold_above_the_answer_makes_it_uncertain(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE), threshold=0.8)
    (face,) = faces.process(Frame(portrait, 0, 0.0, "camera"))
    assert (face.label, face.confidence) == (UNCERTAIN, pytest.approx(0.75))


def test_faces_come_largest_first_with_results_of_their_own(model, portrait):
    dark = portrait.copy()
    dark[:, 300:] = portrait[:, 300:] // 8
    small, large = Box(330, 100, 60, 60), FACE
    first, second = FaceAnalyzer(model, Told(small, large)).process(Frame(dark, 0, 0.0, "camera"))
    assert (first.box, first.label) == (large, "happy")
    assert (second.box, second.label) == (small, "sad")
    assert first.track != second.track


def test_the_largest_alone_does_not_take_turns(model, portrait):
    detector = Told(FACE, Box(350, 300, 90, 90))
    faces = FaceAnalyzer(model, detector, every=1, largest=True)
    (face,) = faces.process(Frame(portrait, 0, 0.0, "camera"))
    main = face.track
    detector.boxes[1] = Box(350, 300, 100, 100)
    (face,) = faces.process(Frame(portrait, 1, 0.1, "camera"))
    assert face.track == main
    detector.boxes[1] = Box(340, 290, 130, 130)
    (face,) = faces.process(Frame(portrait, 2, 0.2, "camera"))
    assert face.track != main and face.box == detector.boxes[1]
    assert len(model.seen) == 3


def test_only_the_region_is_searched(model, portrait):
    detector = Told(Box(48, 15, 97, 97))
    faces = FaceAnalyzer(model, detector, roi=Region(0.25, 0.1, 0.5, 0.5))
    (face,) = faces.process(Frame(portrait, 0, 0.0, "camera"))
    assert detector.image.shape == (256, 256)
    assert face.box == Box(48 + 128, 15 + 51, 97, 97)


def test_the_margin_is_the_crops(model, portrait):
    FaceAnalyzer(model, Told(FACE), margin=0.2).process(Frame(portrait, 0, 0.0, "camera"))
    np.testing.assert_array_equal(model.seen[0], crop_face(gray(portrait), FACE, margin=0.2))


@pytest.mark.parametrize("second", [("other.png", 0.1), ("camera", -1.0)], ids=["name", "time"])
def test_another_picture_and_a_video_that_begins_anew_have_new_faces(model, portrait, second):
    name, time = second
    faces = FaceAnalyzer(model, Told(FACE), every=9)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    (face,) = faces.process(Frame(portrait // 8, 1, time, name))
    assert face.track == 2
    assert face.label == "sad" and face.confidence == pytest.approx(0.75)


def test_what_is_handed_out_is_used_again(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE))
    first = faces.process(Frame(portrait, 0, 0.0, "camera"))
    face, probabilities = first[0], first[0].probabilities
    second = faces.process(Frame(portrait, 1, 0.1, "camera"))
    assert second is first and second[0] is face and face.probabilities is probabilities


def test_the_stages_are_timed(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE), every=2)
    faces.process(Frame(portrait, 0, 0.0, "camera"))
    assert set(faces.stages) == {"detect", "classify", "track"}
    assert min(faces.stages.values()) > 0
    faces.process(Frame(portrait, 1, 0.1, "camera"))
    assert faces.stages["detect"] == 0 and faces.stages["classify"] > 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (20, 600, 3), (2000, 3000, 3), (480, 640)])
def test_frames_of_any_size_may_follow_each_other(model, portrait, shape):
    faces = FaceAnalyzer(model, HaarDetector(search_size=320), every=2)
    assert len(faces.process(Frame(portrait, 0, 0.0, "camera"))) == 1
    for number in range(1, 4):
        assert faces.process(Frame(np.zeros(shape, np.uint8), number, 0.1, "camera")) == []
    assert len(faces.process(Frame(portrait, 4, 2.0, "camera"))) == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [("every", 0), ("margin", -0.5), ("smoothing", -1), ("threshold", 2), ("hysteresis", -1)],
)
def test_options_out_of_range_are_named_before_the_first_frame(model, option, value):
    with pytest.raises(InputError, match=option):
        FaceAnalyzer(model, Told(), **{option: value})


OTHER = Box(330, 300, 100, 100)


def test_a_face_that_comes_later_is_shown_when_it_was_found_often_enough(model, portrait):
    """All faces of the first frame are shown; a false detection that does not repeat is not."""
    detector = Told(FACE, min_hits=3)
    faces = FaceAnalyzer(model, detector)
    shown = []
    for number, frame in enumerate(frames(*[portrait] * 8)):
        detector.boxes = [FACE, OTHER] if number in (2, 4, 5, 6, 7) else [FACE]
        shown.append(len(faces.process(frame)))
    assert shown == [1, 1, 1, 1, 1, 1, 2, 2]


def test_a_single_picture_shows_what_is_found_in_it(model, portrait):
    faces = FaceAnalyzer(model, Told(FACE, OTHER, min_hits=3))
    for name in ("one.png", "two.png"):
        (frame,) = frames(portrait, name=name)
        assert len(faces.process(frame)) == 2
