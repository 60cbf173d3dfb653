"""Duplicate images: found exactly where comparing all pairs finds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge import recipe
from fer_edge.data import duplicates, leaks, splits

from .conftest import faces


def dimmed(image, change=1):
    """The same image in other light: fully correlated, but with different pixels."""
    return (image // 2 + change).astype(np.uint8)


def noisy(image, strength):
    noise = np.random.default_rng(0).normal(0, strength, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def leaky(dataset):
    """Train 0..3, val 4..5, test 6..8; 0 = 4 = 6, 1 is nearly 7, 2 = 3, the others are unique."""
    one, two, three, val, test = faces(5)
    images = np.stack([one, two, three, three, one, val, one, dimmed(two), test])
    return dataset(images, [0, 0, 0, 0, 1, 1, 2, 2, 2])


def test_leaked_rows_of_each_split_are_found(leaky):
    found = leaks.find(leaky)
    assert found.leaked("test").tolist() == [6, 7]
    assert found.leaked("val").tolist() == [4]
    assert found.rows_to_drop_from_train.tolist() == [0, 1]
    assert found.rows("val", "test").tolist() == [4]


def test_each_leak_names_its_likest_twin(dataset):
    one, other = faces(2)
    images = np.stack([noisy(one, 1.0), one, other, one])
    found = leaks.find(dataset(images, [0, 0, 1, 2]), threshold=0.99)
    of_test = [leak for leak in found.found if leak.split == "test"]
    assert [(leak.row, leak.twin_row, leak.correlation) for leak in of_test] == [(3, 1, 1.0)]
    assert {leak.row for leak in found.found if leak.split == "train"} == {0, 1}


def test_rows_are_those_of_the_file_also_for_a_part(leaky):
    found = leaks.find(leaky.only("train", "test"))
    assert found.leaked("test").tolist() == [6, 7]


def test_constant_images_are_only_like_their_equals(dataset):
    grays = np.stack([np.full((48, 48), gray, np.uint8) for gray in (0, 0, 90)])
    found = leaks.find(dataset(np.concatenate([grays, faces(1)]), [0, 2, 2, 1]))
    assert found.leaked("test").tolist() == [1]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.9, 0.99, 0.999]))
def test_no_pair_is_missed(seed, threshold):
    random = np.random.default_rng(seed)
    base = faces(4, seed)
    images = np.stack([noisy(base[index % 4], random.uniform(0, 40)) for index in range(12)])
    found = duplicates.find(images, threshold)
    flat = images.reshape(12, -1).astype(np.float64)
    expected = np.argwhere(np.triu(np.corrcoef(flat), 1) > threshold)
    expected = found.group[expected]  # exact copies, by noise of nearly zero, are one group
    expected = {tuple(sorted(pair)) for pair in expected.tolist() if pair[0] != pair[1]}
    assert set(map(tuple, found.pairs.tolist())) == expected


def test_blocks_make_no_difference(leaky, monkeypatch):
    whole = leaks.find(leaky)
    monkeypatch.setattr(duplicates, "BLOCK", 2)
    assert leaks.find(leaky) == whole


@pytest.mark.parametrize("size", [24, 50, 5])
def test_any_size_of_image_is_compared(dataset, size):
    one, other = faces(2, size=size)
    assert leaks.find(dataset(np.stack([one, other, one]), [0, 1, 2])).leaked("test").tolist() == [
        2
    ]


def test_the_list_is_kept_and_taken_from_beside_the_data(leaky, tmp_path, monkeypatch):
    leaky.save(tmp_path / "faces.npz")
    found = leaks.load_or_find(tmp_path / "faces.npz")
    assert (tmp_path / "faces.leaked.csv").read_text().startswith(f"# data {leaky.digest} ")

    monkeypatch.setattr(leaks, "find", lambda *_: pytest.fail("found anew"))
    again = leaks.load_or_find(tmp_path / "faces.npz")
    for split in ("val", "test"):
        np.testing.assert_array_equal(again.leaked(split), found.leaked(split))


def test_a_random_split_has_a_list_of_its_own(leaky, tmp_path, monkeypatch):
    path = tmp_path / "faces.npz"
    leaky.save(path)
    random = recipe.load("paper", ["data.test_fraction=0.4"])
    first = splits.testing(path, random)
    assert len(list(tmp_path.glob("faces.random-*-0.4.leaked.csv"))) == 1
    monkeypatch.setattr(leaks, "find", lambda *_: pytest.fail("searched again"))
    np.testing.assert_array_equal(splits.testing(path, random).leaked, first.leaked)
    splits.training(path, random)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("# data ", "# data 0"),
        lambda text: "\n".join(text.splitlines()[:2]) + "\nsix,test\n",
        lambda text: "",
    ],
    ids=["other data", "damaged", "empty"],
)
def test_a_list_that_does_not_fit_is_made_anew(leaky, tmp_path, spoil):
    leaky.save(tmp_path / "faces.npz")
    leaks.load_or_find(tmp_path / "faces.npz")
    path = tmp_path / "faces.leaked.csv"
    good = path.read_text()
    path.write_text(spoil(good))
    assert leaks.load_or_find(tmp_path / "faces.npz").leaked("test").tolist() == [6, 7]
    assert path.read_text() == good


def test_a_list_that_cannot_be_kept_is_found_all_the_same(leaky, tmp_path, monkeypatch):
    leaky.save(tmp_path / "faces.npz")

    def refuse(*_):
        raise InputError("read-only")

    monkeypatch.setattr(leaks.Leaks, "save", refuse)
    with pytest.warns(UserWarning, match="read-only"):
        assert leaks.load_or_find(tmp_path / "faces.npz").leaked("val").tolist() == [4]
