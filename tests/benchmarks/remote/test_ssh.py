"""Runs over a real sshd on loopback."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import remote
from benchmarks.config import BenchmarkConfig
from benchmarks.remote import Job
from benchmarks.results import file as results_file
from device.errors import CheckFailedError, InputError
from device.labels import FER2013
from fer_edge.data.dataset import SPLITS, Dataset

MANY = 1_000_000


@pytest.fixture
def real(model_files, faces, labels, data):
    """Make a job that runs."""

    def make(rounds=2, **options):
        chosen = [model_files["int8"], model_files["float32"]]
        options = {"rounds": rounds, **options}
        return Job(chosen, faces, labels, None, data, BenchmarkConfig(**options))

    return make


def run(job, *servers, python, out, notify=lambda *_: None):
    return remote.run(
        [server.host for server in servers], job, python=str(python), out=out, notify=notify
    )


def refused(job, server, python, out):
    (outcome,) = run(job, server, python=python, out=out)
    assert isinstance(outcome.error, InputError) and outcome.results is None
    assert not out.exists() and not server.left()
    return str(outcome.error)


@pytest.mark.slow
def test_results_come_back_and_nothing_stays(server, real, host_python, tmp_path):
    said = []
    job = real(threads=[1])
    (outcome,) = run(
        job,
        server,
        python=host_python,
        out=tmp_path / "out",
        notify=lambda _, text: said.append(text),
    )
    assert outcome.error is None
    kept = tmp_path / "out" / server.host.folder / "results.json"
    assert json.loads(kept.read_text())["machine"]["host"] == str(server.host)
    assert [model["path"] for model in outcome.results["models"]] == list(map(str, job.models))
    assert all(model["latency"]["rounds"] == 2 for model in outcome.results["models"])
    assert outcome.results["models"][0]["accuracy"]["n"] == 40
    assert said[0] == "connecting" and said[-2:] == ["measuring", "done"]
    assert not server.left() and not server.runs()


@pytest.mark.slow
def test_a_cut_connection_is_an_error_that_leaves_nothing(server, real, host_python, tmp_path):
    def cut(_, text):
        if text == "measuring":
            assert server.left()
            server.cut()

    (outcome,) = run(real(MANY), server, python=host_python, out=tmp_path / "out", notify=cut)
    assert isinstance(outcome.error, CheckFailedError)
    assert "lost during the run" in str(outcome.error)
    assert not (tmp_path / "out").exists()
    server.wait_clean()


@pytest.mark.slow
def test_one_host_that_fails_does_not_spoil_the_other(make_server, real, host_python, tmp_path):
    good, bad = make_server(), make_server()
    (bad.folder / "user_key.pub").write_text("")
    outcomes = run(real(), good, bad, python=host_python, out=tmp_path / "out")
    assert outcomes[0].results and "Permission denied" in str(outcomes[1].error)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [good.host.folder]


@pytest.fixture
def npz(faces, tmp_path):
    path = tmp_path / "noise.npz"
    Dataset(
        images=faces,
        labels=(np.arange(40) % 7).astype(np.int16),
        split=np.full(40, SPLITS.index("val"), np.uint8),
        votes=np.zeros((40, 10), np.uint8),
        names=np.array([f"noise.csv:{line}" for line in range(2, 42)]),
        label_names=FER2013,
        provenance={"name": "noise", "synthetic": False},
    ).save(path)
    return path


def bench(*arguments):
    command = [sys.executable, "-c", "from fer_edge.cli.app import app; app()", "bench"]
    return [*command, *map(str, arguments)]


@pytest.mark.slow
def test_the_command_prints_a_table_across_hosts(
    make_server, npz, model_files, host_python, tmp_path
):
    servers = [make_server(), make_server()]
    on = [part for server in servers for part in ("--on", server.url)]
    options = ["--data", npz, "--sample", 10, "--out", tmp_path / "out"]
    options += ["--remote-python", host_python, "--rounds", 2]
    command = bench(model_files["int8"], *options, *on)
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for server in servers:
        assert str(server.host) in ran.stdout
        folder = tmp_path / "out" / server.host.folder
        found = results_file.load(folder / "results.json")
        assert (found["data"]["images"], found["data"]["split"]) == (10, "val")
        assert (folder / "report.md").is_file()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 2 and "exists already" in again.stderr


@pytest.mark.slow
def test_ctrl_c_brings_back_what_was_measured(server, npz, model_files, host_python, tmp_path):
    options = ["--data", npz, "--out", tmp_path / "out", "--remote-python", host_python]
    process = subprocess.Popen(
        bench(model_files["int8"], *options, "--rounds", MANY, "--on", server.url, "--json"),
        stdout=subprocess.PIPE,
        text=True,
    )
    server.wait_busy()
    process.send_signal(signal.SIGINT)
    printed = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 130
    assert printed[str(server.host)]["partial"]
    assert printed[str(server.host)]["models"][0]["latency"]["rounds"] >= 1
    server.wait_clean()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_that_is_killed_leaves_nothing_on_the_host(
    server, npz, model_files, host_python, tmp_path, number
):
    options = ["--data", npz, "--out", tmp_path / "out", "--remote-python", host_python]
    process = subprocess.Popen(
        bench(model_files["int8"], *options, "--rounds", MANY, "--on", server.url)
    )
    server.wait_busy()
    process.send_signal(number)
    process.wait()
    server.wait_clean()
    assert not (tmp_path / "out").exists()


def test_a_key_that_the_host_does_not_know(server, job, host_python, tmp_path):
    (server.folder / "user_key.pub").write_text((server.folder / "other_key.pub").read_text())
    line = refused(job, server, host_python, tmp_path / "out")
    assert "Permission denied" in line and f"`ssh -p {server.port}" in line


def test_a_host_whose_key_is_not_known(server, job, host_python, tmp_path):
    (server.folder / "known_hosts").write_text("")
    assert "Host key verification failed" in refused(job, server, host_python, tmp_path / "out")


def test_a_host_that_does_not_answer(server, job, host_python, tmp_path):
    server.close()
    assert "Connection refused" in refused(job, server, host_python, tmp_path / "out")


def test_packages_that_the_host_lacks(server, job, bare_python, tmp_path):
    line = refused(job, server, bare_python, tmp_path / "out")
    assert "there lacks numpy, opencv-python-headless, ai-edge-litert, rich" in line
    assert f"`{bare_python} -m pip install 'numpy<3,>=1.26'" in line


def test_a_python_that_the_host_has_not(server, job, tmp_path):
    line = refused(job, server, "/no/such/python", tmp_path / "out")
    assert "no Python there" in line and "--remote-python" in line


def test_what_the_run_there_refuses_is_said_here(server, job, host_python, tmp_path):
    line = refused(job, server, host_python, tmp_path / "out")
    assert line.startswith(f"{server.host}: model.tflite")


def test_a_shell_that_greets_disturbs_nothing(server, job, host_python, tmp_path):
    greeting = tmp_path / "greeting python"
    greeting.write_text(f'#!/bin/sh\necho Welcome\nexec "{host_python}" "$@"\n')
    greeting.chmod(0o755)
    line = refused(job, server, greeting, tmp_path / "out")
    assert line.startswith(f"{server.host}: model.tflite")
