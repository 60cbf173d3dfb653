"""JSON Lines, read as other programs read them."""

import json
import resource
import signal
import subprocess
import sys
import time
from datetime import datetime

import jsonschema
import numpy as np
import pytest

from device.errors import InputError
from device.face import HeadPose
from device.labels import FER2013
from device.sinks.base import BrokenOutput
from device.sinks.jsonl import SCHEMA, JsonLinesSink, as_json


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("faces", [0, 1, 3])
@pytest.mark.parametrize("live", [False, True])
def test_lines_follow_the_schema(make_result, faces, live):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    line = as_json(make_result(faces=faces, live=live, time=time.monotonic()))
    jsonschema.validate(json.loads(json.dumps(line)), schema)


def test_landmarks_and_pose_stand_beside_the_face_that_has_them(make_result):
    result = make_result(faces=2)
    result.faces[0].landmarks = np.full((68, 2), 12.345, np.float32)
    result.faces[0].pose = HeadPose(-20.04, 3.0, 1.0)
    line = json.loads(json.dumps(as_json(result)))
    jsonschema.validate(line, json.loads(SCHEMA.read_text()))
    with_them, without = line["faces"]
    assert with_them["landmarks"] == [[12.3, 12.3]] * 68
    assert with_them["pose"] == {"yaw": -20.0, "pitch": 3.0, "roll": 1.0}
    assert "landmarks" not in without and "pose" not in without


def test_a_line_says_what_was_seen(make_result, tmp_path):
    with JsonLinesSink(tmp_path / "out.jsonl") as sink:
        sink.write(make_result(number=7, faces=2))
    (line,) = lines(tmp_path / "out.jsonl")
    assert line["schema_version"] == "1.1"
    assert (line["source"], line["frame"], line["position"]) == ("film.avi", 7, 0.7)
    assert line["dropped"] == 3
    happy, uncertain = line["faces"]
    assert happy["box"] == {"x": 10, "y": 8, "w": 18, "h": 20}
    assert (happy["track"], happy["label"], happy["confidence"]) == (4, "happy", 0.7)
    assert tuple(happy["probabilities"]) == FER2013
    assert uncertain["label"] == "uncertain"
    assert line["latency_ms"]["detect"] == 2.0


def test_the_time_of_a_live_frame_is_that_of_its_capture(make_result):
    line = as_json(make_result(live=True, time=time.monotonic() - 60))
    age = time.time() - datetime.fromisoformat(line["time"]).timestamp()
    assert 59 < age < 70
    assert line["position"] is None


def test_a_file_grows_from_run_to_run(make_result, tmp_path):
    for number in range(3):
        with JsonLinesSink(tmp_path / "new" / "out.jsonl") as sink:
            sink.write(make_result(number=number))
    assert [line["frame"] for line in lines(tmp_path / "new" / "out.jsonl")] == [0, 1, 2]


def test_a_line_is_in_the_file_as_soon_as_it_is_written(make_result, tmp_path):
    with JsonLinesSink(tmp_path / "out.jsonl") as sink:
        sink.write(make_result())
        assert len(lines(tmp_path / "out.jsonl")) == 1


def test_half_a_line_from_a_power_cut_is_cut_off(make_result, tmp_path):
    path = tmp_path / "out.jsonl"
    with JsonLinesSink(path) as sink:
        sink.write(make_result(number=0))
        sink.write(make_result(number=1))
    path.write_bytes(path.read_bytes()[:-30])
    with JsonLinesSink(path) as sink:
        sink.write(make_result(number=2))
    assert [line["frame"] for line in lines(path)] == [0, 2]


@pytest.mark.parametrize(
    "content", ["diary\n", '{"a": 1}\n', '{"schema_version":"2.0"}\n', "[1]\n"]
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "mine.txt"
    path.write_text(content)
    with pytest.raises(InputError, match="give another name"):
        JsonLinesSink(path)
    assert path.read_text() == content


def test_a_full_disk_loses_lines_but_never_halves_one(make_result, tmp_path):
    """A limit on the file size simulates a full disk; raising it, a disk that was cleared."""
    path = tmp_path / "out.jsonl"
    bounds = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with JsonLinesSink(path) as sink:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1500, bounds[1]))
            lost = 0
            for number in range(6):
                try:
                    sink.write(make_result(number=number))
                except OSError:
                    lost += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
            sink.write(make_result(number=9))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
        signal.signal(signal.SIGXFSZ, ignored)
    frames = [line["frame"] for line in lines(path)]
    assert lost and frames == [*range(6 - lost), 9]


def test_a_device_without_room_is_an_error_of_that_result(make_result):
    from pathlib import Path

    with JsonLinesSink(Path("/dev/full")) as sink, pytest.raises(OSError, match="No space left"):
        sink.write(make_result())


def test_nobody_reading_stdout_ends_the_run(make_result, capfd, monkeypatch):
    closed = subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    closed.wait()
    monkeypatch.setattr(sys, "stdout", closed.stdin)
    with JsonLinesSink(None) as sink, pytest.raises(BrokenOutput):
        sink.write(make_result())
