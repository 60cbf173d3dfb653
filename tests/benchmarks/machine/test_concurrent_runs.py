import os
import signal
import subprocess
import sys
import tempfile

import pytest

from benchmarks.machine.concurrent_runs import Presence


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """A separate temporary folder for this process and its children."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / f"fer-edge-{os.getuid()}"


def test_a_single_run_has_no_others_and_leaves_nothing(place):
    with Presence("a.tflite") as alone:
        assert len(list(place.iterdir())) == 1
        assert alone.others() == []
    assert not place.exists()


def test_two_runs_know_of_each_other_even_when_one_has_ended():
    with Presence("first.tflite") as first:
        with Presence("second.tflite") as second:
            assert [run["about"] for run in second.others()] == ["first.tflite"]
            assert [run["about"] for run in first.others()] == ["second.tflite"]
        assert [run["about"] for run in first.others()] == ["second.tflite"]


def test_a_run_in_another_process_is_named_and_a_killed_one_forgotten(place):
    program = (
        "import sys; from benchmarks.machine.concurrent_runs import Presence\n"
        "with Presence('other.tflite'): print('there', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "there\n"
        with Presence("mine.tflite") as mine:
            (run,) = mine.others()
        assert (run["pid"], run["about"]) == (other.pid, "other.tflite")
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert len(list(place.iterdir())) == 1
    with Presence("mine.tflite") as mine:
        assert mine.others() == []
    assert not place.exists()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_where_no_file_can_be_written_a_run_goes_on(kind, place, tmp_path):
    if kind == "file":
        place.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    with Presence("a.tflite") as run:
        assert run.others() == []
    if kind == "link":
        assert list((tmp_path / "elsewhere").iterdir()) == []
