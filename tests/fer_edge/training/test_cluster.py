"""TF_CONFIG and how workers meet: one line for each thing that can be wrong."""

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from device.errors import InputError
from fer_edge.data.augment import Columns
from fer_edge.training import cluster
from fer_edge.training.cluster import ALONE, Cluster
from fer_edge.training.distribution import Replicas

EXAMPLES = Path(__file__).parents[3] / "examples" / "scaling"
TWO = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


def of(monkeypatch: pytest.MonkeyPatch, config: object) -> Cluster:
    text = config if isinstance(config, str) else json.dumps(config)
    monkeypatch.setenv(cluster.VARIABLE, text)
    return cluster.from_environment()


def test_without_tf_config_a_training_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cluster.VARIABLE, raising=False)
    assert cluster.from_environment() is ALONE
    assert of(monkeypatch, "{}") is ALONE
    one = {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}
    assert of(monkeypatch, one) is ALONE


def test_workers_are_numbered_behind_the_chief(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(monkeypatch, TWO) == Cluster(("a:1", "b:2"), 1)
    with_chief = {
        "cluster": {"worker": ["b:2"], "chief": ["a:1"]},
        "task": {"type": "worker", "index": "0"},
    }
    assert of(monkeypatch, with_chief) == Cluster(("a:1", "b:2"), 1)
    assert of(monkeypatch, with_chief | {"task": {"type": "chief", "index": 0}}).is_chief


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ("{", "is not JSON"),
        ({"cluster": ["a:1"]}, '"cluster" must contain'),
        ({"cluster": {"worker": "a:1"}}, '"cluster" must contain'),
        ({"cluster": {"worker": ["a"]}}, '"cluster" must contain'),
        ({"cluster": {"worker": ["a:99999"]}}, '"cluster" must contain'),
        (TWO | {"task": {"type": "worker", "index": 2}}, '"task" must name'),
        (TWO | {"task": {"type": "worker", "index": -1}}, '"task" must name'),
        (TWO | {"task": {"type": "worker"}}, '"task" must name'),
        (TWO | {"task": None}, '"task" must name'),
        (TWO | {"cluster": {"worker": ["a:1", "a:1"]}}, "duplicate address"),
        ({"cluster": {"worker": ["a:1"], "ps": ["b:2"]}}, "'ps' tasks are not supported"),
    ],
)
def test_a_malformed_tf_config_is_one_line(
    monkeypatch: pytest.MonkeyPatch, config: object, what: str
) -> None:
    with pytest.raises(InputError) as raised:
        of(monkeypatch, config)
    assert what in str(raised.value)
    assert cluster.VARIABLE in str(raised.value)
    assert "\n" not in str(raised.value)


def pair(run_of_worker: str, seconds: float = 20.0) -> list[Exception | None]:
    """Let a chief and a worker meet; what each raised."""
    addresses = (f"localhost:{free_port()}", "localhost:1")
    raised: list[Exception | None] = [None, None]

    def meet(rank: int, run: str) -> None:
        try:
            cluster.meet(Cluster(addresses, rank), run, seconds)
        except InputError as error:
            raised[rank] = error

    threads = [
        threading.Thread(target=meet, args=(rank, run))
        for rank, run in ((0, "same"), (1, run_of_worker))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_workers_of_one_run_meet() -> None:
    assert pair("same") == [None, None]


def test_a_worker_with_another_recipe_or_data_is_refused_on_both_sides() -> None:
    for error in pair("other"):
        assert "worker 1 (localhost:1) has another recipe or data" in str(error)


def test_a_worker_that_never_comes_is_named() -> None:
    there = Cluster((f"localhost:{free_port()}", "b:2", "c:3"), 0)
    with pytest.raises(
        InputError, match=r"worker 1 \(b:2\), 2 \(c:3\) did not connect within 0.1 s"
    ):
        cluster.meet(there, "run", 0.1)


def test_a_chief_that_never_comes_is_named() -> None:
    address = f"localhost:{free_port()}"
    with pytest.raises(InputError, match=f"the chief .{address}. did not release worker 1"):
        cluster.meet(Cluster((address, "b:2"), 1), "run", 0.3)


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("", 0)) as server:
        address = f"localhost:{server.getsockname()[1]}"
        with pytest.raises(InputError, match="the chief cannot listen on the port"):
            cluster.meet(Cluster((address, "b:2"), 0), "run", 0.1)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_a_timeout_is_seconds_above_zero(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(cluster.TIMEOUT_VARIABLE, text)
    with pytest.raises(InputError, match=cluster.TIMEOUT_VARIABLE):
        cluster.timeout()


def test_a_batch_that_the_replicas_do_not_divide_is_refused() -> None:
    class Three:
        num_replicas_in_sync = 3

    replicas = Replicas(Three(), 0, 3)
    replicas.check(96)
    with pytest.raises(InputError, match="multiple of 3"):
        replicas.check(32)


def test_the_columns_of_all_workers_are_the_batch() -> None:
    import numpy as np

    batch, own = np.arange(12), 5
    for workers in (1, 2, 3, 4):
        parts = [Columns(rank, workers) for rank in range(workers)]
        assert sorted(np.concatenate([part.of(batch) for part in parts])) == list(batch)
        for part in parts:  # the columns behind the own ones, counted from there
            behind = part.after(own).of(batch[own:])
            assert [*part.of(batch[:own]), *behind] == list(part.of(batch))


def test_the_job_for_slurm_gives_each_task_its_tf_config(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = {
        "scontrol": "printf 'one\\ntwo\\n'",
        "srun": 'SLURM_PROCID=1 "$@"',
        "fer-edge": 'echo "$TF_CONFIG"',
    }
    for name, text in commands.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment["SLURM_JOB_NODELIST"] = "one,two"
    script = str(EXAMPLES / "slurm.sh")
    done = subprocess.run(
        ["bash", script], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    assert of(monkeypatch, done.stdout) == Cluster(("one:12345", "two:12345"), 1)


def test_the_job_for_kubeflow_runs_a_command_on_two_workers() -> None:
    job = yaml.safe_load((EXAMPLES / "tfjob.yaml").read_text())
    worker = job["spec"]["tfReplicaSpecs"]["Worker"]
    (container,) = worker["template"]["spec"]["containers"]
    assert (job["kind"], worker["replicas"], container["name"]) == ("TFJob", 2, "tensorflow")
    assert container["command"][:2] == ["fer-edge", "pipeline"]
