"""The agent without ssh."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from benchmarks.remote import agent


@pytest.fixture
def start(host_python, tmp_path):
    """Start an agent with a given timeout; it waits for a payload."""
    started = []

    def start(silence):
        source = Path(agent.__file__).read_text()
        patched = source.replace(f"SILENCE = {agent.SILENCE}", f"SILENCE = {silence}")
        assert patched != source
        process = subprocess.Popen(
            [host_python, "-c", patched],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        started.append(process)
        assert process.stdout.readline().decode().strip() == agent.MARK
        assert json.loads(process.stdout.readline())["missing"] == []
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def begin_payload(process, folder, wait_until):
    process.stdin.write(b"1000000\nPK")
    process.stdin.flush()
    wait_until(lambda: list(folder.glob("fer-edge-*")))


def test_silence_counts_as_the_end(start, tmp_path, wait_until):
    process = start(silence=2.0)
    begin_payload(process, tmp_path, wait_until)
    assert process.wait(timeout=60) == 0  # though its input is still open
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_host_that_ends_the_session_is_left_clean(start, tmp_path, number, wait_until):
    process = start(silence=60.0)
    begin_payload(process, tmp_path, wait_until)
    process.send_signal(number)
    process.wait(timeout=60)
    assert not list(tmp_path.iterdir())


def test_an_end_of_input_cleans_up(start, tmp_path, wait_until):
    process = start(silence=60.0)
    begin_payload(process, tmp_path, wait_until)
    process.stdin.close()
    process.wait(timeout=60)
    assert not list(tmp_path.iterdir())
