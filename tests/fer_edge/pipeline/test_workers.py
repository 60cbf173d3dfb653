"""Two workers on one machine: the whole pipeline, with one of them killed and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_edge.pipeline.run import Run
from fer_edge.training import history

pytestmark = pytest.mark.slow

START = "from fer_edge.cli.app import app; app()"


def free_ports(count: int) -> list[int]:
    servers = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in servers]
    for server in servers:
        server.close()
    return ports


class Workers:
    """Processes of `fer-edge pipeline`, one a worker."""

    def __init__(self, command: list[str], logs: Path) -> None:
        self._command, self._logs = command, logs
        addresses = [f"localhost:{port}" for port in free_ports(2)]
        self._cluster = {"worker": addresses}
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, rank: int) -> None:
        config = {"cluster": self._cluster, "task": {"type": "worker", "index": rank}}
        environment = os.environ | {"TF_CONFIG": json.dumps(config)}
        with (self._logs / f"worker{rank}.log").open("ab") as log:
            self.processes[rank] = subprocess.Popen(
                [sys.executable, "-c", START, *self._command],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def log(self, rank: int) -> str:
        return (self._logs / f"worker{rank}.log").read_text()


def test_two_workers_end_like_one_although_a_worker_is_killed(
    tiny, finished: Run, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    command = ["pipeline", str(tiny.recipe), "--data", str(tiny.data), "--out", str(out)]
    workers = Workers(command, tmp_path)
    try:
        for rank in (0, 1):
            workers.start(rank)
        while not (out / "train" / "history.csv").exists():
            assert workers.processes[0].poll() is None, workers.log(0)
            time.sleep(0.1)
        workers.processes[1].send_signal(signal.SIGKILL)
        workers.processes[1].wait()
        workers.start(1)
        for rank, process in workers.processes.items():
            assert process.wait(timeout=1800) == 0, workers.log(rank)
    finally:
        for process in workers.processes.values():
            process.kill()
    assert "another worker was lost" in workers.log(0)
    assert "its part is done" in workers.log(1)
    for stage in ("train", "prune", "quantize"):
        found, wanted = (history.load(run / stage / "history.csv") for run in (out, finished.out))
        assert [row["epoch"] for row in found] == [row["epoch"] for row in wanted]
        for row, expected in zip(found, wanted, strict=True):
            # BatchNorm takes its statistics of half the batch, and dropout other units.
            assert row["loss"] == pytest.approx(expected["loss"], abs=0.1)
    made, expected = (
        {p.name for p in (run / "export").glob("*.tflite")} for run in (out, finished.out)
    )
    assert made == expected
    assert not list(out.rglob(".partial-*"))
