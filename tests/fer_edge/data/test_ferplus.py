"""FER+ votes: the authors' rules, and matching to rows and names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from device.errors import InputError
from device.labels import FER2013, FERPLUS
from fer_edge.data import ferplus
from fer_edge.data.prepare import prepare

from .conftest import USAGES, faces

HAPPY = (0, 10, 0, 0, 0, 0, 0, 0, 0, 0)
votes_of = arrays(np.uint8, (5, 10), elements=st.integers(0, 10))


def label(*votes):
    index = int(ferplus.majority(np.array([votes], np.uint8))[0])
    return FERPLUS[index] if index >= 0 else None


def test_more_than_half_of_the_votes_make_a_label():
    assert label(0, 6, 0, 0, 4, 0, 0, 0, 0, 0) == "happiness"
    assert label(0, 5, 0, 0, 5, 0, 0, 0, 0, 0) is None


def test_single_votes_are_noise():
    assert label(1, 4, 1, 1, 0, 0, 1, 1, 1, 0) == "happiness"
    assert label(1, 1, 1, 1, 1, 1, 1, 1, 1, 1) is None


def test_unknown_and_no_face_count_against_a_label_and_never_are_one():
    assert label(0, 5, 0, 0, 0, 0, 0, 0, 5, 0) is None
    assert label(0, 2, 0, 0, 0, 0, 0, 0, 8, 0) is None
    assert label(0, 2, 0, 0, 0, 0, 0, 0, 0, 8) is None


@given(votes_of)
def test_a_distribution_sums_to_one_or_is_nothing(votes):
    sums = ferplus.distribution(votes).sum(axis=1)
    usable = (votes[:, :8] > 1).any(axis=1)
    np.testing.assert_allclose(sums, usable.astype(float), atol=1e-6)


@given(votes_of)
def test_the_majority_leads_the_distribution(votes):
    majority = ferplus.majority(votes)
    leads = ferplus.distribution(votes).argmax(axis=1)
    assert ((majority == leads) | (majority < 0)).all()


def test_every_fer_plus_class_but_contempt_has_its_fer2013_name():
    translated = {
        name: FER2013[index] if index >= 0 else None
        for name, index in zip(FERPLUS, ferplus.TO_FER2013[:-1], strict=True)
    }
    assert translated == {
        "neutral": "neutral",
        "happiness": "happy",
        "surprise": "surprise",
        "sadness": "sad",
        "anger": "angry",
        "disgust": "disgust",
        "fear": "fear",
        "contempt": None,
    }


def nine_votes():
    return [(USAGES[index // 3], f"fer{index:07}.png", [index, *HAPPY[1:]]) for index in range(9)]


def test_votes_go_to_their_rows(small_csv, write_votes):
    data = prepare(small_csv, votes=write_votes(nine_votes()))
    assert data.votes[:, 0].tolist() == list(range(9))
    assert data.provenance["votes"] == "fer2013new.csv"


def test_votes_keep_to_their_rows_when_broken_ones_are_left_out(small_csv, write_votes):
    lines = small_csv.read_text().splitlines()
    lines[3] = "3,1 2 3,Training"
    small_csv.write_text("\n".join(lines))
    data = prepare(small_csv, votes=write_votes(nine_votes()), skip_bad=True)
    assert data.votes[:, 0].tolist() == [0, 1, 3, 4, 5, 6, 7, 8]


def test_votes_of_other_rows_are_refused(small_csv, write_votes):
    votes = write_votes(nine_votes()[:8])
    for skip_bad in (False, True):
        with pytest.raises(InputError, match=r"labels do not fit the votes: 8 rows .* for 9 rows"):
            prepare(small_csv, votes=votes, skip_bad=skip_bad)


def test_another_usage_in_the_votes_is_named_with_its_line(small_csv, write_votes):
    rows = nine_votes()
    rows[4] = ("Training", *rows[4][1:])
    votes = write_votes(rows)
    with pytest.raises(InputError, match=r"fer2013new\.csv:6: the labels do not fit the votes"):
        prepare(small_csv, votes=votes)
    assert len(prepare(small_csv, votes=votes, skip_bad=True)) == 8


def test_a_broken_vote_is_named_with_its_line(small_csv, write_votes):
    rows = nine_votes()
    rows[2] = ("Training", "fer0000002.png", ["many", *HAPPY[1:]])
    votes = write_votes(rows)
    with pytest.raises(InputError, match=r"fer2013new\.csv:4: 'many' is not a number of votes"):
        prepare(small_csv, votes=votes)
    data = prepare(small_csv, votes=votes, skip_bad=True)
    assert data.votes[:, 0].tolist() == [0, 1, 3, 4, 5, 6, 7, 8]
    assert data.provenance["left_out"]["count"] == 1


def test_something_else_than_votes_is_refused(small_csv):
    with pytest.raises(InputError, match=r"no votes of FER\+ \(no column anger"):
        prepare(small_csv, votes=small_csv)


@pytest.fixture
def fer_plus_folders(write_images, write_votes):
    """FER+'s layout: happy, undecided and contempt in each split."""
    kinds = (HAPPY, (5, 0, 5, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 9, 0, 0))
    rows = [(USAGES[index // 3], f"fer{index:07}.png", kinds[index % 3]) for index in range(9)]
    folder = {
        "Training": "FER2013Train",
        "PublicTest": "FER2013Valid",
        "PrivateTest": "FER2013Test",
    }
    paths = [f"{folder[usage]}/{name}" for usage, name, _ in rows]
    images = write_images(dict(zip(paths, faces(9), strict=True)), "FER+")
    return images, write_votes(reversed(rows))


def test_fer_plus_folders_take_votes_by_name_and_labels_from_the_votes(fer_plus_folders):
    images, votes = fer_plus_folders
    data = prepare(images, votes=votes)
    assert data.label_names == FER2013
    happy = FER2013.index("happy")
    for split in ("train", "val", "test"):
        assert sorted(data.only(split).labels.tolist()) == [-1, -1, happy]
    assert data.counts()["train"]["unlabeled"] == 2


def test_fer_plus_folders_find_votes_that_lie_beside_them(fer_plus_folders):
    images, votes = fer_plus_folders
    digest = prepare(images, votes=votes).digest
    with pytest.raises(InputError, match="need votes"):
        prepare(images)
    votes.rename(images / votes.name)
    assert prepare(images).digest == digest


def test_an_image_without_votes_is_named(fer_plus_folders, write_images):
    images, votes = fer_plus_folders
    write_images({"FER2013Train/fer0000099.png": faces(1)[0]}, "FER+")
    with pytest.raises(InputError, match=r"fer0000099\.png: has no votes in fer2013new\.csv"):
        prepare(images, votes=votes)
    assert len(prepare(images, votes=votes, skip_bad=True)) == 9
