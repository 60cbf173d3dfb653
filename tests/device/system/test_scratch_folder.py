"""Temporary files are removed when their process ends, or by the next process after a kill."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from device.system.scratch_folder import PREFIX, scratch, shared_folder

KILLED = """
import os, signal, tempfile
from device.system.scratch_folder import scratch
with scratch():
    tempfile.mkdtemp()
    tempfile.mkstemp(suffix=".py")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_temporary_files_are_removed_at_the_end(shared: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch():
        left = Path(tempfile.mkdtemp()) / "file"
        left.write_text("")
        assert left.is_relative_to(shared)
        raise ZeroDivisionError
    assert tempfile.gettempdir() == str(shared)
    assert list(shared.iterdir()) == []


def test_temporary_files_of_a_killed_process_are_removed_by_the_next(shared: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED])
    assert ended.returncode == -signal.SIGKILL
    (left,) = shared.glob(f"{PREFIX}*")
    assert len(list(left.iterdir())) == 2
    with scratch():
        assert not left.exists()


def test_those_of_a_running_process_and_what_is_not_ours_stay(shared: Path) -> None:
    other = shared / "other"
    other.mkdir()
    link = shared / f"{PREFIX}link"
    link.symlink_to(other)
    with scratch():
        held = Path(tempfile.mkdtemp())
        assert shared_folder() == shared
        tempfile.tempdir = str(shared)  # as another process would see it
        with scratch():
            assert held.is_dir()
    assert other.is_dir()
    assert link.is_symlink()


def test_a_block_runs_where_no_folder_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    with scratch():
        assert tempfile.gettempdir() == "/proc/none"
