"""The audit finds planted flaws, in figures and files."""

import csv
import json

import cv2
import numpy as np
import pytest

from device.labels import FER2013
from fer_edge.data import audit_report
from fer_edge.data.audit import audit, summary

from .conftest import faces

HAPPY, SAD = FER2013.index("happy"), FER2013.index("sad")
VOTES_HAPPY, VOTES_SAD, SPLIT_VOTES = [0, 10], [0, 0, 0, 10], [0, 5, 0, 5]


@pytest.fixture
def flawed(dataset):
    """0 and 1 equal with different labels, 2 leaked to 5, 3 constant, 0 and 4 contradict votes."""
    one, two, three, four = faces(4)
    images = np.stack([one, one, two, np.full((48, 48), 7, np.uint8), three, two, four])
    votes = np.zeros((7, 10), np.uint8)
    for row, given in enumerate([VOTES_HAPPY, VOTES_HAPPY, SPLIT_VOTES, [], VOTES_SAD, [], []]):
        votes[row, : len(given)] = given
    return dataset(
        images,
        [0, 0, 0, 0, 1, 2, 2],
        labels=np.array([SAD, HAPPY, HAPPY, HAPPY, HAPPY, HAPPY, HAPPY], np.int16),
        votes=votes,
        label_names=FER2013,
    )


def test_planted_flaws_are_counted(flawed):
    figures = summary(flawed, audit(flawed))
    assert figures["counts"]["train"]["happy"] == 3
    assert figures["exact_duplicates"] == {
        "groups": 2,
        "images": 4,
        "images_with_conflicting_labels": 2,
    }
    assert figures["near_duplicates"]["pairs"] == 0
    assert figures["images_with_twin"]["train"] == {"train": 2, "val": 0, "test": 1}
    assert figures["images_with_twin"]["test"] == {"train": 1, "val": 0, "test": 0}
    assert figures["leaked"] == {"val": 0, "test": 1, "train_rows_to_drop": 1}
    assert figures["constant_images"] == 1
    assert figures["votes"] == {
        "with_majority": 3,
        "majority_contradicts_label": 2,
        "without_a_vote_for_label": 2,
    }


def test_near_duplicates_count_as_twins_too(dataset):
    one, other = faces(2)
    found = audit(dataset(np.stack([one, one // 2, other]), [0, 2, 1]))
    assert len(found.same.pairs) == 1
    assert found.twins.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_files_show_what_was_found(flawed, tmp_path):
    found = audit(flawed)
    written = audit_report.write(flawed, found, tmp_path / "audit")
    assert {path.name for path in written} == {
        "audit.json",
        "counts.png",
        "duplicates.png",
        "leaked.png",
        "conflicts.csv",
        "constant.csv",
        "contradictions.csv",
        "votes.png",
    }
    assert {path.name for path in (tmp_path / "audit").iterdir()} == {p.name for p in written}
    for path in written:
        if path.suffix == ".png":
            assert cv2.imread(str(path)).std() > 0
    assert json.loads((tmp_path / "audit/audit.json").read_text()) == summary(flawed, found)
    rows = list(csv.DictReader((tmp_path / "audit/contradictions.csv").open()))
    assert [(row["row"], row["label"], row["majority_of_votes"]) for row in rows] == [
        ("0", "sad", "happiness"),
        ("4", "happy", "sadness"),
    ]


def test_a_clean_set_has_little_to_show(dataset, tmp_path):
    clean = dataset(faces(3), [0, 1, 2])
    figures = summary(clean, audit(clean))
    assert figures["votes"] is None
    written = audit_report.write(clean, audit(clean), tmp_path)
    assert [path.name for path in written] == ["audit.json", "counts.png"]
