"""`fer-edge run`, as a user runs it: on files, pipes and streams, until it is stopped."""

import csv
import http.server
import itertools
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time

import cv2
import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from device.sinks.jsonl import SCHEMA

JSONL = ("--jsonl", "o.jsonl")


@pytest.fixture(scope="module")
def scene(portrait):
    """A face of 256 pixels in an image of 640x480."""
    canvas = np.full((480, 640, 3), 120, np.uint8)
    canvas[100:356, 200:456] = cv2.resize(portrait, (256, 256))
    return canvas


@pytest.fixture(scope="module")
def film(scene, tmp_path_factory):
    """One second of the scene, moving to the right."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 480))
    for step in range(10):
        video.write(np.roll(scene, 4 * step, 1))
    video.release()
    return path


@pytest.fixture
def run(models, monkeypatch, tmp_path):
    """Run `fer-edge run …` in this process and an empty folder; returns exit code and output."""
    from fer_edge.cli.app import app

    monkeypatch.chdir(tmp_path)

    def run(*arguments, model=models["int8"]):
        words = ["run", *map(str, arguments), "--model", str(model)]
        result = CliRunner().invoke(app, words)
        return result.exit_code, result.output

    return run


@pytest.fixture
def start(models, tmp_path):
    """Start `fer-edge run …` as a separate process, which is killed at the end."""
    started = []

    def start(*arguments, **options):
        words = [sys.executable, "-c", "from fer_edge.cli.app import app; app()", "run"]
        words += [*map(str, arguments), "--model", str(models["int8"])]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            words, cwd=tmp_path, **{"stdout": pipe, "stderr": pipe, **options}
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def serve():
    """Serve JPEGs as multipart/x-mixed-replace; yields the address and counts connections."""
    servers = []

    def serve(jpegs, *, pause=0.03, per_connection=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            connections = 0

            def do_GET(self):
                Handler.connections += 1
                if not jpegs:
                    ended.wait(30)  # takes the request, and never answers
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                sent = 0
                while not ended.is_set() and sent != per_connection:
                    jpeg = jpegs[sent % len(jpegs)]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                    try:
                        self.wfile.write(head.encode() + b"\r\n\r\n" + jpeg + b"\r\n")
                    except OSError:
                        return
                    sent += 1
                    ended.wait(pause)

            def log_message(self, *_):
                pass

        ended = threading.Event()
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append((server, ended))
        return f"http://me:secret@127.0.0.1:{server.server_address[1]}/live?key=abc", Handler

    yield serve
    for server, ended in servers:
        ended.set()
        server.shutdown()
        server.server_close()


def jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_video_to_all_files_at_once(run, film, tmp_path):
    code, _ = run(film, *JSONL, "--csv", "o.csv", "--video", "o.avi")
    assert code == 0
    found = lines(tmp_path / "o.jsonl")
    assert [line["frame"] for line in found] == list(range(10))
    assert len({face["track"] for line in found for face in line["faces"]}) == 1
    with (tmp_path / "o.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(line["faces"]) for line in found) >= 9
    video = cv2.VideoCapture(str(tmp_path / "o.avi"))
    assert (video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS)) == (10, 10)


def test_a_clock_that_jumps_changes_nothing_but_the_time_of_day(run, film, tmp_path, monkeypatch):
    def answers(name):
        code, _ = run(film, "--jsonl", name)
        assert code == 0
        found = lines(tmp_path / name)
        times = {line.pop("time") for line in found}
        return [line | {"latency_ms": sorted(line["latency_ms"])} for line in found], times

    calm, _ = answers("calm.jsonl")
    jumps, now = itertools.cycle([0, 1e8, -1e9, 3600, -3600]), time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now() + next(jumps))
        jumping, times = answers("jumping.jsonl")
    assert len({moment[:4] for moment in times}) > 1  # the years of the results
    assert jumping == calm


def test_a_picture_a_folder_and_a_face_half_outside(run, scene, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "whole.png"), scene)
    cv2.imwrite(str(folder / "half.png"), scene[:, 328:])
    cv2.imwrite(str(folder / "dot.png"), scene[:1, :1])
    cv2.imwrite(str(folder / "gray16.png"), scene[:, :, 0].astype(np.uint16) * 257)
    cv2.imwrite(str(folder / "alpha.png"), cv2.cvtColor(scene, cv2.COLOR_BGR2BGRA))
    code, _ = run(folder, *JSONL)
    assert code == 0
    faces = {line["source"]: len(line["faces"]) for line in lines(tmp_path / "o.jsonl")}
    assert faces.pop("half.png") in (0, 1)
    assert faces == {"alpha.png": 1, "dot.png": 0, "gray16.png": 1, "whole.png": 1}


@pytest.mark.slow
def test_a_picture_of_64_million_pixels(run, scene, tmp_path):
    cv2.imwrite(str(tmp_path / "huge.jpg"), cv2.resize(scene, (8000, 8000)))
    assert run("huge.jpg", *JSONL)[0] == 0
    (line,) = lines(tmp_path / "o.jsonl")
    assert len(line["faces"]) == 1


def test_pictures_that_could_not_be_read_show_in_the_exit_code(run, scene, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), scene)
    (tmp_path / "b.png").write_bytes(b"nothing")
    code, output = run(tmp_path, "--csv", tmp_path / "out" / "o.csv")
    assert code == 1
    assert "that could not be read: 1" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.avi", *JSONL], "no such image, folder or video"),
        (["/dev/video97", *JSONL], "no such camera"),
        (["-", "--stdin-format", "gray", *JSONL], "--width and --height"),
        (["FILM", "--jsonl", "a", "--csv", "./a"], "name the same file"),
        (["FILM", "--jsonl", "FILM"], "give another name"),
        (["FILM", "--video", "FILM"], "exists"),
        (["FILM", "--csv", "/dev/full"], "No space left"),
        (["FILM", "--roi", "1,1,1,1", *JSONL], "not inside the image"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(run, film, arguments, message):
    before = film.read_bytes()
    words = [film if word == "FILM" else word for word in arguments]
    code, output = run(*words)
    assert code == 2
    assert message in output
    assert film.read_bytes() == before


def test_a_model_of_another_shape(run, film, models):
    code, output = run(film, model=models["wide"])
    assert code == 2 and "takes input" in output


def test_a_full_disk_costs_results_and_shows_in_the_exit_code(run, film):
    code, output = run(film, "--jsonl", "/dev/full")
    assert code == 1
    assert "results not written to /dev/full: 10" in output
    assert output.count("No space left") <= 5


def test_a_pipe_closed_by_its_reader_ends_the_run_quietly(start, film):
    process = start(film)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert b"Traceback" not in process.stderr.read()


def test_motion_jpeg_on_stdin(start, scene):
    process = start("-", "--every-frame", stdin=subprocess.PIPE)
    out, _ = process.communicate(jpeg(scene) * 3 + b"junk" + jpeg(scene), 60)
    assert process.returncode == 0
    assert [json.loads(line)["frame"] for line in out.splitlines()] == [0, 1, 2, 3]
    assert all(len(json.loads(line)["faces"]) == 1 for line in out.splitlines())


@pytest.mark.parametrize("form", ["bgr24", "gray", "yuv420"])
def test_raw_frames_on_stdin(start, scene, form):
    turn = {"bgr24": None, "gray": cv2.COLOR_BGR2GRAY, "yuv420": cv2.COLOR_BGR2YUV_I420}[form]
    raw = (scene if turn is None else cv2.cvtColor(scene, turn)).tobytes()
    process = start(
        *("-", "--stdin-format", form, "--width", 640, "--height", 480, "--every-frame"),
        stdin=subprocess.PIPE,
    )
    out, log = process.communicate(raw * 3 + raw[:100], 60)
    assert process.returncode == 0  # a pipe that ends in mid frame is the way pipes end
    assert len(out.splitlines()) == 3 and b"middle of a frame" in log
    assert all(len(json.loads(line)["faces"]) == 1 for line in out.splitlines())


def test_stdin_that_is_no_picture(start):
    process = start("-", stdin=subprocess.PIPE)
    _, log = process.communicate(b"hello" * 1000, 60)
    assert process.returncode == 2 and b"stdin contained no JPEG" in log


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_a_live_run_with_everything_written(
    start, serve, scene, tmp_path, number, code
):
    address, _ = serve([jpeg(scene), jpeg(np.roll(scene, 8, 1))])
    process = start(address, "--jsonl", "-", "--csv", "o.csv", "--video", "o.avi")
    for _ in range(5):
        first = json.loads(process.stdout.readline())
    process.send_signal(number)
    out, log = process.stdout.read(), process.stderr.read()
    assert process.wait(20) == code
    assert first["position"] is None
    results = 5 + len(out.splitlines())
    assert not out or out.endswith(b"\n")
    assert cv2.VideoCapture(str(tmp_path / "o.avi")).isOpened()
    assert len((tmp_path / "o.csv").read_text().splitlines()) >= results
    assert b"secret" not in log + out and b"abc" not in log + out


def test_a_stream_that_breaks_is_opened_again(start, serve, scene):
    address, handler = serve([jpeg(scene)], per_connection=5)
    process = start(address, "--frames", 12)
    out, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(out.splitlines()) == 12 and handler.connections >= 3
    assert b"provides no more images: reopening it" in log and b"is back" in log


def test_a_stream_that_never_answers_can_be_stopped(start, serve):
    address, handler = serve([])
    process = start(address)
    while not handler.connections:
        assert process.poll() is None
        time.sleep(0.01)
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0, log
    assert time.monotonic() - begin < 4  # less than the network's patience of 5 s


def test_nobody_at_the_address(run):
    code, output = run("http://127.0.0.1:9/", *JSONL)
    assert code == 2 and "check the address" in output


def test_the_lines_of_a_run_follow_the_schema(run, film, tmp_path):
    import jsonschema

    run(film, *JSONL)
    schema = json.loads(SCHEMA.read_text())
    for line in lines(tmp_path / "o.jsonl"):
        jsonschema.validate(line, schema)


@pytest.mark.slow
def test_memory_stays_flat(film, models):
    """Set FER_EDGE_SOAK=20000 for a long run."""
    from benchmarks.probes.run_loop import measure

    frames = int(os.environ.get("FER_EDGE_SOAK", "600"))
    figures = measure(film, models["int8"], frames=frames)
    assert figures["faces"] > 0.9 * frames
    assert figures["memory_mb"]["growth"] < 5


def test_landmarks_and_pose_follow_the_face(run, film, tmp_path):
    code, output = run(film, *JSONL, "--landmarks", "zoo:landmarks", "--align", "landmarks")
    assert code == 0, output
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    schema = json.loads(SCHEMA.read_text())
    for line in lines:
        jsonschema.validate(line, schema)
    faces = [line["faces"][0] for line in lines]
    noses = [face["landmarks"][30][0] for face in faces]
    assert noses[-1] - noses[0] == pytest.approx(36, abs=12)
    assert all(abs(face["pose"]["yaw"]) < 45 for face in faces)
