"""Archives: every file once, whatever happens to the processes that label it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.errors import InputError
from device.system.exclusive_folder import exclusive
from fer_edge import zoo
from fer_edge.batch import plan
from fer_edge.batch.label import label
from fer_edge.batch.plan import Settings
from fer_edge.batch.run import run
from fer_edge.cli.app import app
from fer_edge.data import synthetic

parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("distributed")

IMAGES = 240


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images in subfolders, two of them broken."""
    folder = tmp_path_factory.mktemp("archive")
    faces = [synthetic.portrait("happy", seed=seed) for seed in range(4)]
    for number in range(IMAGES):
        path = folder / str(number % 3) / f"{number:04}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), faces[number % 4])
    for name in ("cut.jpg", "empty.png"):
        (folder / name).write_bytes(b"" if name == "empty.png" else b"\xff\xd8\xff")
    return folder


def settings(per_part: int = 10, **other: Any) -> Settings:
    given: dict[str, Any] = {
        "model": str(zoo.resolve("zoo:nano")),
        "digest": "0" * 64,
        "detector": "haar",
        "detector_model": None,
        "largest": True,
        "every": 1,
        "per_part": per_part,
        "weights": None,
    }
    return Settings(**(given | other))


def rows(out: Path) -> list[dict[str, Any]]:
    return parquet.read_table(out).to_pylist()


def test_a_killed_worker_loses_and_doubles_nothing(archive: Path, tmp_path: Path) -> None:
    chosen, out = settings(), tmp_path / "out"
    parts = plan.prepare([str(archive)], chosen, out)
    killed = threading.Event()

    def kill_one(client: Any) -> None:
        pids = list(client.run(os.getpid).values())

        def wait_and_kill() -> None:
            while not any(out.glob("*.parquet")):
                killed.wait(0.01)
            os.kill(pids[0], signal.SIGKILL)
            killed.set()

        threading.Thread(target=wait_and_kill, daemon=True).start()

    done = run(parts, chosen, out, workers=2, on_start=kill_one)
    assert killed.is_set()
    found = rows(out)
    wanted = {str(path) for path in archive.rglob("*.*") if path.is_file()}
    assert Counter(row["path"] for row in found) == Counter(wanted)
    assert sorted(Path(row["path"]).name for row in found if row["error"]) == [
        "cut.jpg",
        "empty.png",
    ]
    assert sum(row["label"] is not None for row in found) > IMAGES / 2
    assert done["errors"] == 2
    assert not list(out.glob(".partial-*"))
    again = run(parts, chosen, out, workers=2)
    assert again == {"files": 0, "faces": 0, "errors": 0}


def test_ctrl_c_ends_a_batch_in_one_line_and_it_resumes(archive: Path, tmp_path: Path) -> None:
    """A terminal sends SIGINT to the command and to its workers."""
    out = tmp_path / "out"
    words = ["predict", "zoo:nano", str(archive), "--batch", "--per-part", "5", "--out", str(out)]
    command = [sys.executable, "-c", "from fer_edge.cli.app import app; app()", *words]
    log = tmp_path / "stderr.txt"
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, start_new_session=True)
        while not any(out.glob("*.parquet")):
            assert process.poll() is None, log.read_text()
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert "Traceback" not in log.read_text() and "distributed" not in log.read_text()
    assert log.read_text().splitlines()[-1] == "fer-edge: interrupted"
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    wanted = {str(path) for path in archive.rglob("*.*") if path.is_file()}
    assert Counter(row["path"] for row in rows(out)) == Counter(wanted)


def test_half_written_parts_of_a_killed_worker_are_removed(archive: Path, tmp_path: Path) -> None:
    chosen, out = settings(per_part=100), tmp_path / "out"
    parts = plan.prepare([str(archive)], chosen, out)
    left = out / ".partial-49c20517eccbec2a-part-000001.parquet"
    left.write_bytes(b"of a run before")

    def leave_another(_: Any) -> None:
        assert not left.exists()
        left.write_bytes(b"of a worker of this run")

    run(parts, chosen, out, workers=1, on_start=leave_another)
    assert sorted(path.name for path in out.glob("*.parquet")) == [
        part.output(out).name for part in parts
    ]


def test_two_batches_in_one_folder_are_refused(archive: Path, tmp_path: Path) -> None:
    chosen, out = settings(per_part=100), tmp_path / "out"
    parts = plan.prepare([str(archive)], chosen, out)
    with exclusive(out, plan.LOCK), pytest.raises(InputError, match="in use by another fer-edge"):
        run(parts, chosen, out, workers=1)


def test_a_batch_continues_with_the_parts_that_are_missing(archive: Path, tmp_path: Path) -> None:
    chosen, out = settings(per_part=100), tmp_path / "out"
    parts = plan.prepare([str(archive)], chosen, out)
    assert [len(part.files) for part in parts] == [100, 100, IMAGES + 2 - 200]
    assert label(parts[2], chosen, out)["files"] == IMAGES + 2 - 200
    before = parts[2].output(out).read_bytes()
    assert label(parts[2], chosen, out)["files"] == 0
    assert parts[2].output(out).read_bytes() == before


def test_a_row_is_what_predict_says(archive: Path, tmp_path: Path) -> None:
    image = next(archive.rglob("0001.png"))
    chosen, out = settings(), tmp_path / "out"
    (part,) = plan.prepare([str(image)], chosen, out)
    label(part, chosen, out)
    (row,) = rows(out)
    command = ["predict", "zoo:nano", str(image), "--largest", "--detector", "haar", "--json"]
    faces = json.loads(CliRunner().invoke(app, command).stdout)["faces"]
    assert row["label"] == faces[0]["label"]
    assert {name: row[name] for name in "xywh"} == faces[0]["box"]
    for name, value in faces[0]["probabilities"].items():
        assert row[f"p_{name}"] == pytest.approx(value, abs=1e-5)


def test_every_nth_frame_of_a_video_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "short.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(7):
        writer.write(np.zeros((64, 64, 3), np.uint8))
    writer.release()
    chosen, out = settings(every=3), tmp_path / "out"
    (part,) = plan.prepare([str(path)], chosen, out)
    label(part, chosen, out)
    assert [row["frame"] for row in rows(out)] == [0, 3, 6]
    assert all(row["label"] is None and row["error"] is None for row in rows(out))


def test_a_list_names_files_beside_it_and_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "list.txt").write_text("a.png\n\na.png\n")
    words = [str(tmp_path / "list.txt"), str(tmp_path / "a.png")]
    (part,) = plan.prepare(words, settings(), tmp_path / "out")
    assert part.files == (str(tmp_path / "a.png"),)


def test_a_folder_of_another_batch_is_refused(archive: Path, tmp_path: Path) -> None:
    plan.prepare([str(archive)], settings(), tmp_path / "out")
    with pytest.raises(InputError, match="contains a batch with a different per_part"):
        plan.prepare([str(archive)], settings(per_part=11), tmp_path / "out")
    with pytest.raises(InputError, match="contains a batch with a different files"):
        plan.prepare([str(archive / "1")], settings(), tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="contains other Parquet files"):
        plan.prepare([str(archive)], settings(), tmp_path / "mine")


def test_a_batch_needs_a_folder_and_files(archive: Path, tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["predict", "zoo:nano", str(archive), "--batch"])
    assert refused.exit_code == 2
    assert "--batch needs --out" in refused.output
    with pytest.raises(InputError, match="no such file or folder"):
        plan.prepare([str(tmp_path / "none")], settings(), tmp_path / "out")
