"""The data file: saving and loading, and refusal of incomplete and foreign files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge.data.dataset import Dataset, load, read_digest

from .conftest import faces, rewrite


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


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"labels": np.full(6, -5, np.int16)}, "labels go from -5 to -5, not within -1 to 1"),
        ({"labels": np.full(6, 100, np.int16)}, "labels go from 100 to 100"),
        ({"labels": np.zeros(6)}, "labels is float64, not int16"),
        ({"split": np.full(6, 3, np.uint8)}, "split go from 3 to 3, not within 0 to 2"),
        ({"votes": np.zeros((6, 3), np.uint8)}, r"votes is \[6, 3\], not \[n, 10\]"),
        ({"images": np.zeros((6, 40, 48), np.uint8)}, r"images is \[6, 40, 48\], not \[n, side"),
        ({"images": faces(5)}, "its arrays differ in length .images 5, labels 6"),
        ({"names": np.array(["one.png"])}, "its arrays differ in length .*names 1"),
        ({"label_names": np.array(["one", "one"])}, "label names are none, or not distinct"),
        ({"images": faces(6)[::-1]}, "does not match the digest in the file"),
        ({"label_names": np.array(["two", "one"])}, "does not match the digest"),
    ],
)
def test_an_array_that_was_changed_is_named(six, tmp_path, change, fault):
    six.save(tmp_path / "six.npz")
    rewrite(tmp_path / "six.npz", **change)
    with pytest.raises(InputError, match=rf"six\.npz: .*{fault}"):
        load(tmp_path / "six.npz")


@pytest.mark.parametrize("meta", ["[]", "3", '{"format_version": 1}', "[" * 100_000, "{"])
def test_meta_data_of_any_kind_is_refused_in_one_line(six, tmp_path, meta):
    six.save(tmp_path / "six.npz")
    rewrite(tmp_path / "six.npz", meta=np.array(meta))
    with pytest.raises(InputError, match="not a data file"):
        load(tmp_path / "six.npz")


def test_a_packed_file_that_unpacks_to_far_more_is_refused(six, tmp_path):
    six.save(tmp_path / "six.npz")
    rewrite(tmp_path / "six.npz", images=np.zeros((40_000, 48, 48), np.uint8))
    with pytest.raises(InputError, match=r"unpacks to 92 MB or more, above the bound of 67 MB"):
        load(tmp_path / "six.npz")


def test_the_digest_is_read_without_the_images(six, tmp_path):
    six.save(tmp_path / "six.npz")
    assert read_digest(tmp_path / "six.npz") == six.digest


@settings(max_examples=60)
@given(st.data())
def test_no_damage_to_a_file_ends_otherwise_than_in_an_input_error(tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("npz")
    columns = {"labels": np.array([0, 1], np.int16), "votes": np.zeros((2, 10), np.uint8)}
    whole = Dataset(
        images=faces(2), split=np.zeros(2, np.uint8), names=np.array(["a", "b"]),
        label_names=("one", "two"), provenance={"name": "two"}, **columns,
    )  # fmt: skip
    whole.save(folder / "two.npz")
    content = bytearray((folder / "two.npz").read_bytes())
    for at in draw.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[at] = draw.draw(st.integers(0, 255))
    (folder / "two.npz").write_bytes(content[: draw.draw(st.integers(0, len(content)))])
    try:
        assert load(folder / "two.npz").digest == whole.digest
    except InputError as error:
        assert "\n" not in str(error)
