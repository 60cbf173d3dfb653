"""Lists of digests, checked with `sha256sum`."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.system import sha256sums


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "nano").mkdir()
    files = [tmp_path / "nano" / "a model.tflite", tmp_path / "float.npz"]
    for file in files:
        file.write_text(file.name)
    sha256sums.write(tmp_path / sha256sums.NAME, files)
    return tmp_path / sha256sums.NAME


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_the_systems_program_checks_a_list(listed: Path) -> None:
    check = ["sha256sum", "--check", "--strict", listed.name]
    assert subprocess.run(check, cwd=listed.parent, capture_output=True).returncode == 0
    (listed.parent / "float.npz").write_text("other")
    assert subprocess.run(check, cwd=listed.parent, capture_output=True).returncode == 1


def test_a_changed_file_is_named_and_a_missing_one_is_not(listed: Path) -> None:
    assert sha256sums.differing(listed) == ([], 2)
    (listed.parent / "nano" / "a model.tflite").write_text("other")
    assert sha256sums.differing(listed) == (["nano/a model.tflite"], 2)
    (listed.parent / "float.npz").unlink()
    assert sha256sums.differing(listed) == (["nano/a model.tflite"], 1)


def test_a_file_finds_the_list_beside_it_and_the_one_above(listed: Path) -> None:
    for name in ("float.npz", "nano/a model.tflite"):
        file = listed.parent / name
        assert sha256sums.find(file) == (listed, sha256sums.sha256(file))
    assert sha256sums.find(listed.parent / "nano" / "other.tflite") is None


def test_what_cannot_be_read_is_one_line(listed: Path, tmp_path: Path) -> None:
    for missing in (tmp_path / "nothing", tmp_path):
        with pytest.raises(InputError):
            sha256sums.sha256(missing)
        with pytest.raises(InputError):
            sha256sums.read(missing)


@given(content=st.binary(max_size=300))
def test_any_bytes_are_a_list(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    assert all(len(digest) == 64 for digest in sha256sums.read(path).values())
