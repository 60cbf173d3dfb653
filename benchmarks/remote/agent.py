"""Agent on a host, run as `python -c`: unpacks the payload, runs the benchmark, cleans up.

It is sent as source, so it imports the standard library alone, and also runs on a Python that is
too old for fer-edge, to report that. Its standard output is one JSON object a line after `MARK`.
Its standard input is the length of the payload on a line, the payload, and then a byte every few
seconds. If these bytes stop or the input ends, the connection is gone: the run is killed and its
folder removed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

MARK = "fer-edge agent 1"
ALIVE, INTERRUPT = b".", b"i"
LOG = "log"
SILENCE = 90.0
"""Seconds without a byte after which the connection counts as gone."""

OLDEST = (3, 11)
NEEDED = {
    "numpy": ("numpy",),
    "opencv": ("cv2",),
    "runtime": ("ai_edge_litert", "tflite_runtime"),
    "rich": ("rich",),
}
GRACE = 20.0
"""Seconds that an interrupted run has to write its results."""


class Disconnected(Exception):
    """The connection is gone, or this process received a signal to end."""


def main() -> None:
    """Serve one run."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _on_signal)
    folder = None
    run = None
    try:
        if not hello():
            return
        size = int(read_line())
        folder = Path(tempfile.mkdtemp(prefix="fer-edge-"))
        unpack(folder, size)
        run = start(folder)
        emit("measuring", folder=str(folder))
        answer(folder, watch(run))
    except (Disconnected, BrokenPipeError):
        pass
    finally:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        clean(folder, run)


def _on_signal(*_: Any) -> None:
    """End as if the connection were gone."""
    raise Disconnected


def hello() -> bool:
    """Report what this Python is and lacks; return whether the run is possible."""
    missing = [
        what
        for what, modules in NEEDED.items()
        if not any(importlib.util.find_spec(module) for module in modules)
    ]
    old = sys.version_info < OLDEST
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    print(MARK)
    emit(
        "hello",
        python=sys.executable,
        version=platform.python_version(),
        machine=platform.machine(),
        old=old,
        missing=missing,
        managed=sys.prefix == sys.base_prefix and marker.exists(),
    )
    return not old and not missing


def emit(event: str, **facts: Any) -> None:
    """Send one event."""
    print(json.dumps(dict(facts, event=event)), flush=True)


def read(most: int) -> bytes:
    """Read available bytes of standard input, at least one."""
    if not select.select([0], [], [], SILENCE)[0]:
        raise Disconnected
    chunk = os.read(0, most)
    if not chunk:
        raise Disconnected
    return chunk


def read_line() -> bytes:
    """Read up to the end of a line and no further."""
    line = b""
    while not line.endswith(b"\n"):
        line += read(1)
    return line


def unpack(folder: Path, size: int) -> None:
    """Receive the payload and unpack it into the folder."""
    payload = folder / "payload.zip"
    with payload.open("wb") as file:
        while size:
            chunk = read(min(size, 1 << 16))
            file.write(chunk)
            size -= len(chunk)
    with zipfile.ZipFile(payload) as archive:
        archive.extractall(folder)
    payload.unlink()


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the run in a separate session, so that all its processes can be killed."""
    code = folder / "code"
    known = os.environ.get("PYTHONPATH")
    paths = f"{code}{os.pathsep}{known}" if known else str(code)
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.remote.worker", str(folder)],
            cwd=str(code),
            # Temporary files are removed with the folder even if the run is killed.
            env=dict(os.environ, PYTHONPATH=paths, TMPDIR=str(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )


def watch(run: subprocess.Popen[bytes]) -> int:
    """Wait until the run ends, or the connection is gone."""
    assert run.stdout is not None  # for the type checker: `start` opens a pipe
    out = run.stdout.fileno()
    heard = time.monotonic()
    limit = None
    while True:
        ready = select.select([0, out], [], [], 5)[0]
        if 0 in ready:
            got = read(64)
            heard = time.monotonic()
            if INTERRUPT in got and limit is None:
                run.send_signal(signal.SIGINT)
                limit = heard + GRACE
        if out in ready and not os.read(out, 4096):
            return run.wait()
        now = time.monotonic()
        if now - heard > SILENCE or (limit is not None and now > limit):
            raise Disconnected


def answer(folder: Path, code: int) -> None:
    """Send the results, or the last line of the log."""
    try:
        emit("results", results=json.loads((folder / "results.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        log = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in log if line.strip()]
        emit("failed", code=code, text=said[-1] if said else "")


def clean(folder: Path | None, run: subprocess.Popen[bytes] | None) -> None:
    """Kill processes that still run, and remove the folder."""
    if run is not None:
        with contextlib.suppress(OSError):  # all its processes have ended
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    while folder is not None and folder.exists():
        shutil.rmtree(str(folder), ignore_errors=True)  # fails while a process is ending
        time.sleep(0.05)


if __name__ == "__main__":
    main()
