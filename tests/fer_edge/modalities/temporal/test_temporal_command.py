import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.labels import FERPLUS
from fer_edge.cli.app import app
from fer_edge.data import dataset, synthetic

from .conftest import TINY, TinyRun

FPS = 10


def refuse(*arguments: str, command: str = "temporal") -> str:
    """Run the command, which has to end with exit code 2 and one line."""
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    done = CliRunner().invoke(app, [command, *arguments])
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    return done.output.strip().splitlines()[-1]


def write_clip(path: Path, frames: int, expression: str = "happy", seed: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (320, 320))
    drawn = synthetic.portrait(expression, seed=seed, size=320)
    for number in range(frames):
        video.write(np.roll(drawn, number % 3, axis=1)[:, :, np.newaxis].repeat(3, axis=2))
    video.release()


def write_clips(folder: Path, frames: int) -> None:
    for number in range(4):
        for label in ("happy", "sad"):
            write_clip(folder / label / f"p{number}_1.avi", frames, label, seed=number)


def test_a_folder_without_clips(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    assert "has no clips: give CLASS/NAME.mp4" in refuse(str(tmp_path), "--model", "zoo:nano")


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    write_clips(tmp_path / "clips", 1)
    out = str(tmp_path / "out")
    line = refuse(str(tmp_path / "clips"), "--model", "zoo:nano", "--out", out)
    assert "visible in fewer than two of its 1 frames" in line and ".avi" in line


def test_clips_of_two_persons(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        write_clip(tmp_path / label / "ann_1.avi", 2, label)
        write_clip(tmp_path / label / "ben_1.avi", 2, label)
    assert "clips of 2 persons: at least three" in refuse(str(tmp_path), "--model", "zoo:nano")


def test_a_class_that_the_model_lacks(tmp_path: Path) -> None:
    write_clip(tmp_path / "bored" / "ann_1.avi", 2)
    line = refuse(str(tmp_path), "--model", "zoo:nano")
    assert "bored is not a label of the model" in line


def test_faces_with_other_labels_than_the_model(faces: Path, tmp_path: Path) -> None:
    photos = dataset.load(faces)
    replace(photos, provenance={**photos.provenance, "synthetic": False}).save(tmp_path / "f.npz")
    words = ("--model", "zoo:nano/ferplus_int8", "--out", str(tmp_path / "out"))
    line = refuse(str(tmp_path / "f.npz"), *words)
    assert "give a --model with the labels of the data" in line
    assert not (tmp_path / "out").exists()


def test_a_misspelt_setting(faces: Path) -> None:
    line = refuse(str(faces), "--set", "train.epoch=3")
    assert "train.epoch" in line and "epochs" in line


def test_no_such_data(tmp_path: Path) -> None:
    assert "no such file" in refuse(str(tmp_path / "absent.npz"), "--model", "zoo:nano")


@pytest.mark.slow
def test_from_clips_to_a_model_that_run_uses(tmp_path: Path) -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    clips, out = tmp_path / "clips", tmp_path / "out"
    write_clips(clips, 8)
    settings = [part for setting in TINY for part in ("--set", setting)]
    shared = ["--model", "zoo:nano", "--out", str(out), *settings]
    done = CliRunner().invoke(app, ["temporal", str(clips), *shared])
    assert done.exit_code == 0, done.output
    assert "head minus smoothing" in done.output
    arguments = [str(clips / "happy" / "p0_1.avi"), "--temporal", str(out / "temporal_int8.tflite")]
    lines = tmp_path / "lines.jsonl"
    shown = ["--jsonl", str(lines)]
    ran = CliRunner().invoke(app, ["run", "--model", "zoo:nano", *arguments, *shown])
    assert ran.exit_code == 0, ran.output
    frames = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(frames) == 8
    for frame in frames:
        assert sum(frame["faces"][0]["probabilities"].values()) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_a_head_for_other_labels_is_refused(tiny_run: TinyRun, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.avi", 2)
    head = str(tiny_run.out / "temporal_int8.tflite")
    line = refuse(
        str(tmp_path / "clip.avi"), "--model", "zoo:nano/ferplus_int8", "--temporal", head,
        command="run",
    )  # fmt: skip
    assert "is for the labels angry" in line and FERPLUS[-1] in line


def test_a_classifier_is_no_temporal_head(tmp_path: Path) -> None:
    from fer_edge import zoo

    write_clip(tmp_path / "clip.avi", 2)
    line = refuse(
        str(tmp_path / "clip.avi"), "--temporal", str(zoo.resolve("zoo:nano")), command="run"
    )
    assert "is not a temporal head" in line
