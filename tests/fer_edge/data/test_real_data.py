"""Tests on FER2013 itself, if FER_EDGE_DATA names its folder."""

import os
from pathlib import Path

import pytest

from fer_edge.data import leaks
from fer_edge.data.prepare import prepare

FOLDER = os.environ.get("FER_EDGE_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="FER_EDGE_DATA is not set")


@pytest.fixture(scope="module")
def fer2013():
    """FER+'s images of FER2013, read from the zip; 26 others have no name in the votes."""
    folder = Path(FOLDER)
    return prepare(folder / "fer2013.zip", votes=folder / "fer2013new.csv", skip_bad=True)


def test_all_images_that_have_votes_are_read(fer2013):
    counts = [len(fer2013.only(split)) for split in ("train", "val", "test")]
    assert counts == [28556, 3579, 3573]
    assert fer2013.provenance["left_out"]["count"] == 26


def test_the_known_leaks_are_found(fer2013):
    found = leaks.find(fer2013)
    # 297 of all 3,589; the images that FER+ does not name are not among these.
    assert 280 <= len(found.leaked("test")) <= 297
    assert 275 <= len(found.leaked("val")) <= 290
