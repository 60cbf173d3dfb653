"""The data file: what goes in comes out, and nothing half-written or foreign is taken for one."""

import numpy as np
import pytest

from device.errors import InputError
from fer_edge.data.dataset import load

from .conftest import faces


@pytest.fixture
def six(dataset):
    return dataset(faces(6), [0, 1, 2, 0, 1, 2])


def test_what_is_saved_is_loaded(six, tmp_path):
    six.save(tmp_path / "six.npz")
    back = load(tmp_path / "six.npz")
    for column in ("images", "labels", "split", "votes", "names", "rows"):
        np.testing.assert_array_equal(getattr(back, column), getattr(six, column))
    assert (back.label_names, back.provenance) == (six.label_names, six.provenance)
    assert back.digest == six.digest


def test_a_part_knows_its_rows_and_the_digest_of_its_file(six, tmp_path):
    six.save(tmp_path / "six.npz")
    part = load(tmp_path / "six.npz", splits=["train", "test"])
    assert part.rows.tolist() == [0, 2, 3, 5]
    assert part.only("test").rows.tolist() == [2, 5]
    assert part.without([3, 1]).rows.tolist() == [0, 2, 5]
    assert part.without([3, 1]).digest == six.digest


def test_a_part_that_is_saved_is_a_file_of_its_own(six, tmp_path):
    six.only("val").save(tmp_path / "val.npz")
    part = load(tmp_path / "val.npz")
    assert part.rows.tolist() == [0, 1]
    assert part.digest != six.digest


def test_the_digest_is_that_of_the_content_not_of_its_names(six, dataset):
    images, split = six.images, six.split
    assert dataset(images, split, names=six.names[::-1], provenance={}).digest == six.digest
    for change in (
        {"labels": six.labels + np.int16(1)},
        {"votes": six.votes + np.uint8(1)},
        {"label_names": ("two", "one")},
    ):
        assert dataset(images, split, **change).digest != six.digest
    assert dataset(images[::-1], split).digest != six.digest
    assert dataset(images, split[::-1]).digest != six.digest


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04rest"])
def test_something_else_is_refused(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.npz: not a data file"):
        load(path)


def test_a_cut_a_foreign_and_a_missing_file_are_refused(six, tmp_path):
    six.save(tmp_path / "six.npz")
    content = (tmp_path / "six.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    np.savez(tmp_path / "foreign.npz", images=six.images)
    for name in ("cut.npz", "foreign.npz"):
        with pytest.raises(InputError, match="not a data file"):
            load(tmp_path / name)
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        load(tmp_path / "none.npz")


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(six, tmp_path, monkeypatch):
    path = tmp_path / "six.npz"
    path.write_text("old")

    def interrupted(handle, **_):
        handle.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        six.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["six.npz"]
    assert path.read_text() == "old"


def test_columns_of_different_length_are_a_programming_error(dataset):
    with pytest.raises(ValueError, match="n of everything"):
        dataset(faces(3), [0, 1])
