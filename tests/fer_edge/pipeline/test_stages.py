import os
import subprocess
import sys
from pathlib import Path

import pytest

from device.errors import InputError
from device.system.exclusive_folder import exclusive
from fer_edge.pipeline import stages
from fer_edge.pipeline.stages import Stage


def made(log: list[str], **settings: object) -> list[Stage]:
    """Two stages that record that they ran; `settings` are those of the second."""
    return [
        Stage("first", {"x": 1}, lambda folder: log.append(folder.name)),
        Stage("second", settings, lambda folder: log.append(folder.name)),
    ]


def test_each_stage_is_done_once_in_order(tmp_path: Path) -> None:
    log: list[str] = []
    again = [list(stages.run(made(log, y={"z": 2}), tmp_path)) for _ in range(2)]
    assert log == ["first", "second"]
    assert [name for name, _ in again[0]] == ["first", "second"]
    assert again[1] == [("first", None), ("second", None)]


def test_an_interrupted_stage_is_done_again_and_finished_ones_are_not(tmp_path: Path) -> None:
    log: list[str] = []
    torn = made(log)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    torn[1] = Stage("second", {}, interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(stages.run(torn, tmp_path))
    list(stages.run(made(log), tmp_path))
    assert log == ["first", "second"]


def test_other_settings_are_refused_before_anything_runs(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(made(log, y={"z": 2}), tmp_path))
    with pytest.raises(InputError, match=r"second was made with y\.z = 2, not 3"):
        list(stages.run(made(log, y={"z": 3}), tmp_path))
    assert log == ["first", "second"]


def test_a_later_stage_is_refused_when_an_earlier_one_is_another(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(made(log), tmp_path))
    other = [Stage("first", {"x": 2}, lambda _: None), made(log)[1]]
    with pytest.raises(InputError, match="first was made with x = 1, not 2") as refused:
        list(stages.run(other, tmp_path))
    assert str(tmp_path / "second") in str(refused.value)


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "stage.json").write_text("{")
    with pytest.raises(InputError, match=r"stage\.json is damaged"):
        list(stages.run(made([]), tmp_path))
    (tmp_path / "first" / "stage.json").write_text('["no note of ours"]')
    with pytest.raises(InputError, match=r"stage\.json is damaged"):
        list(stages.run(made([]), tmp_path))


def writing(log: list[str]) -> list[Stage]:
    """Three stages that record that they ran, and write a file each."""

    def work(folder: Path) -> None:
        log.append(folder.name)
        (folder / "made.txt").write_text("x")

    return [Stage(name, {}, work) for name in ("first", "second", "third")]


def test_a_stage_that_lost_a_file_is_run_again_with_all_after_it(tmp_path: Path, caplog) -> None:
    log: list[str] = []
    list(stages.run(writing(log), tmp_path))
    (tmp_path / "second" / "made.txt").unlink()
    again = dict(stages.run(writing(log), tmp_path))
    assert log == ["first", "second", "third", "second", "third"]
    assert again["first"] is None
    assert "made.txt is missing" in caplog.text


def test_what_is_run_again_after_a_loss_survives_an_interruption(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(writing(log), tmp_path))
    (tmp_path / "first" / "made.txt").unlink()
    running = stages.run(writing(log), tmp_path)
    assert next(running)[0] == "first"
    running.close()
    list(stages.run(writing(log), tmp_path))
    assert log == ["first", "second", "third", "first", "second", "third"]


def test_a_stage_is_announced_before_it_runs(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(writing(log), tmp_path, on_start=lambda name: log.append(f"start {name}")))
    assert log[:2] == ["start first", "first"]
    list(stages.run(writing(log), tmp_path, on_start=lambda name: log.append(f"start {name}")))
    assert len(log) == 6


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    log: list[str] = []
    first = stages.run(writing(log), tmp_path)
    next(first)
    with pytest.raises(InputError, match=rf"in use by another fer-edge \(process {os.getpid()}\)"):
        list(stages.run(writing(log), tmp_path))
    assert log == ["first"]
    list(first)
    list(stages.run(writing(log), tmp_path))


HOLDER = """
import os, sys
from pathlib import Path
from device.system.exclusive_folder import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_keeps_no_lock(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"process {holder.pid}"), exclusive(tmp_path):
            pass
        holder.kill()
    with exclusive(tmp_path):
        pass


def test_files_that_a_killed_run_was_writing_are_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / ".partial-49c20517eccbec2a-model.tflite").write_bytes(b"half")
    (tmp_path / "export" / "model.tflite").write_bytes(b"whole")
    with exclusive(tmp_path):
        assert [path.name for path in (tmp_path / "export").iterdir()] == ["model.tflite"]
