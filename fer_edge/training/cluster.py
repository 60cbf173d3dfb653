"""Workers of a multi-machine training, configured by TF_CONFIG, and their start-up barrier.

TensorFlow has no timeout for a worker that never starts, and its errors span many lines. The
barrier runs before TensorFlow starts: each worker connects to the chief, which releases them when
all are connected.
"""

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from device.errors import CheckFailedError, InputError

VARIABLE = "TF_CONFIG"
TIMEOUT_VARIABLE = "FER_EDGE_WORKER_TIMEOUT"
DEFAULT_TIMEOUT = 600.0
"""Default timeout of the barrier in seconds."""

_RETRY = 0.2  # seconds between two attempts to reach the chief
_LONGEST = 4096  # maximum size of a message in bytes


class WorkerLostError(CheckFailedError):
    """Another worker stopped or is unreachable; a restart resumes from the last checkpoint."""


@dataclass(frozen=True)
class Cluster:
    """Workers of a training.

    Attributes:
        addresses: host:port of every worker, the chief's first.
        rank: index of this worker; 0 is the chief, the only one that writes files.
    """

    addresses: tuple[str, ...]
    rank: int

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the chief."""
        return self.rank == 0

    def __str__(self) -> str:
        return f"worker {self.rank} of {len(self.addresses)}"


ALONE = Cluster(("",), 0)
"""Cluster of a training on a single machine."""


def from_environment() -> Cluster:
    """Return the cluster that TF_CONFIG describes; ALONE if it is unset or has one worker.

    Raises:
        InputError: TF_CONFIG is malformed, or has parameter servers or an evaluator.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return ALONE
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{VARIABLE} is not JSON ({error}): unset it to train alone") from error
    jobs = config.get("cluster") if isinstance(config, dict) else None
    if not jobs and isinstance(config, dict):
        return ALONE
    if not isinstance(jobs, dict) or not all(_are_addresses(found) for found in jobs.values()):
        raise _malformed('"cluster" must contain lists of "host:port" under "chief" and "worker"')
    if others := sorted(set(jobs) - {"chief", "worker"}):
        raise _malformed(f"{others[0]!r} tasks are not supported")
    addresses = [*jobs.get("chief", ()), *jobs.get("worker", ())]
    if len(jobs.get("chief", ())) > 1 or len(set(addresses)) < len(addresses):
        raise _malformed("it has several chiefs or a duplicate address")
    task = config.get("task")
    kind, number = (task.get("type"), task.get("index")) if isinstance(task, dict) else (None, None)
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if kind not in jobs or not isinstance(number, int) or number not in range(len(jobs[kind])):
        raise _malformed(f'"task" must name one of the cluster\'s tasks, not {task!r}')
    if len(addresses) == 1:
        return ALONE
    return Cluster(tuple(addresses), addresses.index(jobs[kind][number]))


def timeout() -> float:
    """Return the timeout of the barrier in seconds, from FER_EDGE_WORKER_TIMEOUT.

    Raises:
        InputError: the variable is not a positive number.
    """
    text = os.environ.get(TIMEOUT_VARIABLE, str(DEFAULT_TIMEOUT))
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{TIMEOUT_VARIABLE} is {text!r}: must be a number of seconds above 0")
    return seconds


def meet(cluster: Cluster, run: str, seconds: float) -> None:
    """Wait until all workers are connected.

    Args:
        cluster: workers; not ALONE.
        run: digest of recipe and data, which must be the same on all workers.
        seconds: timeout.

    Raises:
        InputError: a worker did not connect in time or has another recipe or data, or the chief's
            port cannot be used.
    """
    deadline = time.monotonic() + seconds
    if cluster.is_chief:
        _gather(cluster, run, seconds, deadline)
    else:
        _join(cluster, run, seconds, deadline)


def is_reachable(address: str) -> bool:
    """Return whether a process listens at an address."""
    try:
        socket.create_connection(_split(address), timeout=5).close()
    except OSError:
        return False
    return True


def _gather(cluster: Cluster, run: str, seconds: float, deadline: float) -> None:
    """Wait for the greeting of every worker, then release all of them (chief)."""
    here: dict[int, socket.socket] = {}
    address = cluster.addresses[0]
    try:
        server = socket.create_server(("", _split(address)[1]))
    except OSError as error:
        raise InputError(
            f"{VARIABLE}: the chief cannot listen on the port of {address} ({error.strerror}): "
            "use another port on all workers"
        ) from error
    try:
        while len(here) < len(cluster.addresses) - 1:
            server.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                connection, _ = server.accept()
            except TimeoutError:
                missing = [i for i in range(1, len(cluster.addresses)) if i not in here]
                names = ", ".join(f"{i} ({cluster.addresses[i]})" for i in missing)
                raise InputError(
                    f"worker {names} did not connect within {seconds:g} s: start all workers "
                    f"or set {TIMEOUT_VARIABLE}"
                ) from None
            greeting = _receive(connection, min(5.0, seconds))
            rank = greeting.get("rank")
            if not isinstance(rank, int) or not 0 < rank < len(cluster.addresses):
                connection.close()  # not a worker
                continue
            if greeting.get("run") != run:
                reason = f"worker {rank} ({cluster.addresses[rank]}) has another recipe or data"
                _send(connection, {"error": f"{reason} than the chief"})
                connection.close()
                raise InputError(f"{reason}: start all workers with the same command")
            if previous := here.pop(rank, None):
                previous.close()  # the worker was restarted while it waited
            here[rank] = connection
        for connection in here.values():
            _send(connection, {"go": True})
    finally:
        for connection in here.values():
            connection.close()
        server.close()


def _join(cluster: Cluster, run: str, seconds: float, deadline: float) -> None:
    """Greet the chief repeatedly until it releases this worker."""
    address = cluster.addresses[0]
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection(_split(address), timeout=min(left, 5)) as connection:
                _send(connection, {"rank": cluster.rank, "run": run})
                answer = _receive(connection, left)
        except OSError:
            answer = {}
        if answer.get("go") is True:
            return
        if isinstance(answer.get("error"), str):
            raise InputError(f"{answer['error']}: start all workers with the same command")
        time.sleep(_RETRY)
    raise InputError(
        f"the chief ({address}) did not release worker {cluster.rank} within {seconds:g} s: "
        f"start all workers or set {TIMEOUT_VARIABLE}"
    )


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the worker disconnected and will connect again
        connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket, seconds: float) -> dict[str, Any]:
    """Receive one line of JSON; return an empty dictionary if there is none."""
    deadline, content = time.monotonic() + seconds, b""
    try:
        while not content.endswith(b"\n") and len(content) < _LONGEST:
            connection.settimeout(max(deadline - time.monotonic(), 0.01))
            part = connection.recv(_LONGEST)
            if not part:
                return {}
            content += part
        message = json.loads(content)
    except (OSError, ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _are_addresses(found: Any) -> bool:
    return (
        isinstance(found, list)
        and len(found) > 0
        and all(isinstance(text, str) and _is_address(text) for text in found)
    )


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _malformed(what: str) -> InputError:
    return InputError(
        f'{VARIABLE} is malformed: {what}. Example: {{"cluster": {{"worker": ["a:2222", '
        '"b:2222"]}, "task": {"type": "worker", "index": 0}}'
    )
