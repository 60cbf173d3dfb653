"""A real mosquitto for tests."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

TIMEOUT = 30.0


class Broker:
    """A mosquitto on its own port, which keeps its sessions over a restart."""

    def __init__(self, program: str, folder: Path, settings: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [program, "-c", str(folder / "mosquitto.conf")]
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nuser root\npersistence true\n"
            f"persistence_location {folder}/\n{settings or 'allow_anonymous true'}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(TIMEOUT)
            self._process: subprocess.Popen[bytes] | None = None

    def _answers(self) -> bool:
        assert self._process.poll() is None, "mosquitto does not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a condition; fails after `TIMEOUT` seconds."""
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
