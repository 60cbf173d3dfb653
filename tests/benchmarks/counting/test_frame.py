import cv2
import numpy as np
import pytest

from benchmarks.counting import frame
from benchmarks.counting.cores import CORES
from device.errors import InputError
from fer_edge import zoo


@pytest.fixture(scope="module")
def empty_video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (320, 240))
    for _ in range(frame.PICTURES):
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    writer.release()
    return path


def test_a_frame_is_counted_stage_by_stage(installed, film, monkeypatch):
    monkeypatch.setattr(frame, "FRAMES", 2)
    model = zoo.resolve("zoo:nano")
    found = frame.count(installed, CORES["cortex-a76"], film, model, every=2)
    stages = {name: stage["instructions"] for name, stage in found["stages"].items()}
    assert found["instructions"] == sum(stages.values())
    assert stages["detect"] > 0.5 * found["instructions"]
    # For each face, what the classifier costs alone.
    assert 1_600_000 < stages["classify"] < stages["detect"]
    assert all(stages.values())
    assert found["estimate"]["boards"][0]["board"] == "Raspberry Pi 5"
    assert (found["every"], found["detector"]) == (2, "haar")


def test_a_video_without_a_face_is_refused_before_anything_runs(empty_video):
    with pytest.raises(InputError, match="haar finds no face"):
        frame.check(empty_video, "haar", None)
