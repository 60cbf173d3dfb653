"""`fer-edge serve`, as a user runs it."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys

import cv2
import pytest
from typer.testing import CliRunner

from fer_edge.data.synthetic.sample import portrait

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

TIMEOUT = 60.0
PROGRAM = [sys.executable, "-c", "from fer_edge.cli.app import app; app()"]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A minute of a face, at ten frames a second."""
    path = tmp_path_factory.mktemp("video") / "face.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (256, 256))
    faces = [portrait(name, seed=3, size=256) for name in ("happy", "surprise")]
    for number in range(600):
        writer.write(cv2.cvtColor(faces[number // 10 % 2], cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


@pytest.fixture
def serve(models, video):
    """Run `fer-edge serve` on a free port; yields the process and the port."""
    processes = []

    def serve(*options, **environment):
        words = ["serve", str(video), "--model", str(models["int8"]), "--port", "0", *options]
        processes.append(
            subprocess.Popen(
                PROGRAM + words,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
        )
        for line in processes[-1].stderr:
            if found := re.match(r"watch at http://127.0.0.1:(\d+)/", line):
                return processes[-1], int(found[1])
        raise AssertionError("it ended without serving")

    yield serve
    for process in processes:
        process.kill()
        process.wait(TIMEOUT)
        process.stderr.close()


@pytest.fixture
def fail(models, video):
    """Run `fer-edge serve` with invalid input; returns its one-line error."""
    from fer_edge.cli.app import app

    def fail(*options):
        words = ["serve", str(video), "--model", str(models["int8"]), *map(str, options)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr

    return fail


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_video_is_served_until_sigterm(serve, tmp_path):
    process, port = serve("--jsonl", str(tmp_path / "out.jsonl"))
    status, page = get(port, "/")
    assert status == 200 and "<canvas" in page
    while "fer_edge_frames_total 0.0\n" in get(port, "/metrics")[1]:
        pass
    assert get(port, "/healthz")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(TIMEOUT) == 0
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert lines and all(json.loads(line) for line in lines)


def test_a_page_of_a_real_run(serve, new_page):
    _, port = serve()
    page = new_page()
    page.open(f"http://127.0.0.1:{port}/")
    page.wait_for("document.querySelectorAll('#faces .bar').length >= 7")
    assert page.evaluate("document.getElementById('source').textContent") == "face.avi"
    assert page.complaints == []


def test_systemd_hears_of_a_running_loop(serve, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(TIMEOUT)
        process, _ = serve(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="60000000")
        assert listener.recv(100) == b"READY=1"
        assert listener.recv(100) == b"WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        assert listener.recv(100) == b"STOPPING=1"


def test_a_second_instance_on_the_port_is_told_so(fail):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in fail("--port", port)


def test_the_network_needs_a_token(fail, tmp_path, monkeypatch):
    monkeypatch.delenv("FER_EDGE_TOKEN", raising=False)
    assert "give a token" in fail("--host", "0.0.0.0")
    assert "cannot be read" in fail("--host", "0.0.0.0", "--token-file", tmp_path / "none")
    (tmp_path / "empty").touch()
    assert "0 characters" in fail("--host", "0.0.0.0", "--token-file", tmp_path / "empty")
    monkeypatch.setenv("FER_EDGE_TOKEN", "short")
    assert "5 characters" in fail("--host", "0.0.0.0")


def test_a_broker_that_is_none_is_named(fail):
    assert "not the address of a broker" in fail("--port", 0, "--mqtt", "pi")
