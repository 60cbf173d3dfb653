"""Commands on a full disk and in folders that cannot be written: one line and no half file.

A limit on the size of files (RLIMIT_FSIZE) stands for the full disk: a write beyond it fails as one
on a full disk does, at any point of a file.
"""

import contextlib
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from fer_edge.cli.app import app
from fer_edge.data import synthetic

TESTS = Path(__file__).parents[1]
LIMIT = 200  # bytes
HELD_OUT = ("--val-fraction", "0.2", "--test-fraction", "0.2")

COMMANDS = {
    "data prepare": ("data", "prepare", "faces", *HELD_OUT, "--out", "OUT/faces.npz"),
    "export": ("export", "zoo:nano", "--out", "OUT/model.tflite"),
    "predict": ("predict", "zoo:nano", "portrait.png", "--out", "OUT/drawn.png"),
    "report": ("report", "results.json", "--out", "OUT"),
    "gate": ("gate", "results.json", "--allow-new", "--junit", "OUT/gate.xml"),
}
"""Commands that write their result at the end."""

LOOPS = {
    "jsonl": ("run", "zoo:nano", "portrait.png", "--jsonl", "OUT/run.jsonl"),
    "csv": ("run", "zoo:nano", "portrait.png", "--csv", "OUT/run.csv"),
    "video": ("run", "zoo:nano", "portrait.png", "--video", "OUT/run.avi"),
}
"""Loops go on when one of several outputs fails; the exit code says so at the end."""

SLOW = {
    "eval": ("eval", "zoo:nano", "--data", "faces.npz", "--split", "val", "--out", "OUT"),
    "bench": ("bench", "zoo:nano", "--data", "faces.npz", "--out", "OUT"),
}
"""Commands that look at the folder before the work."""


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    cv2.imwrite(str(folder / "portrait.png"), synthetic.portrait("happy", seed=0))
    shutil.copyfile(TESTS / "fer_edge" / "kept" / "0.1" / "faces.npz", folder / "faces.npz")
    shutil.copyfile(TESTS / "benchmarks" / "data" / "results-2.0.json", folder / "results.json")
    for label in ("happy", "sad"):
        (folder / "faces" / label).mkdir(parents=True)
        for seed in range(6):
            cv2.imwrite(
                str(folder / "faces" / label / f"{seed}.png"), synthetic.face(label, seed=seed)
            )
    return folder


def invoke(words: tuple[str, ...], out: Path):
    return CliRunner().invoke(app, [word.replace("OUT", str(out)) for word in words])


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_is_one_line_and_leaves_no_half_file(words, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(inputs)
    with full_disk():
        done = invoke(words, tmp_path)
    assert done.exit_code == 2, (done.output, done.exception)
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", LOOPS.values(), ids=LOOPS)
def test_a_loop_on_a_full_disk_names_the_file_and_counts_what_is_lost(
    words, inputs, tmp_path, monkeypatch
):
    monkeypatch.chdir(inputs)
    with full_disk():
        done = invoke(words, tmp_path)
    assert done.exit_code in (1, 2), (done.output, done.exception)
    assert str(tmp_path / "run.") in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    # Lines and rows are appended to: what fitted stays.
    assert not (tmp_path / "run.avi").exists()


@pytest.mark.parametrize("words", (all_ := COMMANDS | LOOPS | SLOW).values(), ids=all_)
def test_a_folder_that_cannot_be_written_is_one_line(words, inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    done = invoke(words, Path("/proc/none"))
    assert done.exit_code == 2, (done.output, done.exception)
    assert "/proc/none" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
