"""The faces on which `bench`, `verify` and `quant-debug` evaluate."""

import numpy as np
import pytest

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from fer_edge.data import evaluation_faces

from .conftest import faces


@pytest.fixture
def people(dataset):
    """Four real faces, with labels and votes for another class."""
    votes = np.zeros((4, 10), np.uint8)
    votes[:, FERPLUS.index("anger")] = 9
    provenance = {"name": "people", "synthetic": False}
    labels = np.array([3, 3, 0, -1], np.int16)
    return dataset(
        faces(4), [1] * 4, labels=labels, votes=votes, label_names=FER2013, provenance=provenance
    )


def test_labels_are_those_of_the_models_head(people):
    assert evaluation_faces.labels_of(people, FER2013).tolist() == [3, 3, 0, -1]
    assert evaluation_faces.labels_of(people, FERPLUS).tolist() == [FERPLUS.index("anger")] * 4
    assert evaluation_faces.labels_of(people, ("bored", "awake")) is None


def test_without_a_file_faces_are_generated():
    drawn = evaluation_faces.load(None, "test", per_class=3)
    assert drawn.synthetic and drawn.counts()["test"] == dict.fromkeys(FER2013, 1)


def test_drawn_faces_have_the_labels_of_every_set_by_name():
    drawn = evaluation_faces.load(None, "test", per_class=3)
    names = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    expected = [FERPLUS.index(name) for name in names]
    found = evaluation_faces.labels_by_head(drawn)
    assert found["ferplus"].tolist() == [expected[label] for label in drawn.labels]
    np.testing.assert_array_equal(evaluation_faces.labels_of(drawn, FERPLUS), found["ferplus"])


def test_photos_without_votes_have_no_labels_of_ferplus(dataset):
    """FER+ labels of photos come from its votes alone."""
    provenance = {"name": "people", "synthetic": False}
    photos = dataset(faces(2), [1, 1], label_names=FER2013, provenance=provenance)
    assert set(evaluation_faces.labels_by_head(photos)) == {"fer2013"}
    assert evaluation_faces.labels_of(photos, FERPLUS) is None


def test_a_split_without_images_is_refused(people, tmp_path):
    people.save(tmp_path / "people.npz")
    assert len(evaluation_faces.load(tmp_path / "people.npz", "val")) == 4
    with pytest.raises(InputError, match="no images in split test: give another --split"):
        evaluation_faces.load(tmp_path / "people.npz", "test")


def test_samples_and_orders_are_the_same_each_time(people):
    for pick in (evaluation_faces.shuffle, lambda them: evaluation_faces.sample(them, 2)):
        np.testing.assert_array_equal(pick(people).rows, pick(people).rows)
    assert sorted(evaluation_faces.shuffle(people).rows) == [0, 1, 2, 3]
    assert evaluation_faces.sample(people, 9) is people


def test_leaked_faces_are_marked(dataset, tmp_path):
    twice = dataset(np.concatenate([faces(2), faces(3)]), [0, 0, 2, 2, 2])
    twice.save(tmp_path / "twice.npz")
    tested = evaluation_faces.load(tmp_path / "twice.npz", "test")
    found = evaluation_faces.leaked(tmp_path / "twice.npz", tested, "test")
    assert found.tolist() == [True, True, False]
