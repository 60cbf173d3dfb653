"""Atomic writing of files."""

import pytest

from device.errors import InputError
from device.system import atomic_file
from device.system.atomic_file import replacing


def test_the_file_appears_when_the_block_succeeds(tmp_path):
    with replacing(tmp_path / "new" / "a.json") as partial:
        partial.write_text("{}")
        assert partial.suffix == ".json"
        assert not (tmp_path / "new" / "a.json").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


def test_what_was_there_stays_when_the_block_fails(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def test_a_link_planted_at_the_temporary_name_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_file.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / ".partial-guessed-a").symlink_to(tmp_path / "victim")
    with pytest.raises(InputError, match="cannot be written"), replacing(tmp_path / "a") as partial:
        partial.write_text("spilled")
    assert not (tmp_path / "victim").exists()


def test_the_longest_name_that_a_file_may_have(tmp_path):
    name = "ä" * 125 + ".json"
    with replacing(tmp_path / name) as partial:
        partial.write_text("{}")
    assert (tmp_path / name).exists()


def test_a_name_that_is_too_long_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be written"), replacing(tmp_path / ("a" * 256)):
        pass
    assert list(tmp_path.iterdir()) == []
