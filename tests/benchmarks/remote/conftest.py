"""A real sshd on loopback, with its own keys, known hosts and Python."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.config import BenchmarkConfig
from benchmarks.remote import Host, Job

TIMEOUT = 60
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")


def _wait_until(true):
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class Server:
    """An sshd of this user; its sessions have their temporary folders in `tmp`."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.folder, self.tmp = folder, folder / "tmp"
        self.tmp.mkdir()
        for name in ("host_key", "user_key", "other_key"):
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(keygen, check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        public = (folder / "host_key.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {' '.join(public)}\n")
        config = folder / "sshd_config"
        config.write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/user_key.pub\nStrictModes no\nPidFile none\n"
            "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"UsePAM no\nSetEnv TMPDIR={self.tmp}\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        command = [SSHD, "-D", "-e", "-f", str(config)]
        self.log = (folder / "sshd.log").open("w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        _wait_until(self._answers)

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "sshd.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def host(self) -> Host:
        return Host("127.0.0.1", getpass.getuser(), self.port)

    @property
    def url(self) -> str:
        return f"ssh://{self.host}"

    def cut(self):
        """Kill the sessions, as when the network fails."""
        for child in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(child, signal.SIGKILL)

    def left(self) -> list[Path]:
        """Files that runs left on the host."""
        return [path for path in self.tmp.iterdir() if path.name.startswith("fer-edge-")]

    def runs(self) -> list[int]:
        """Processes of runs on the host."""
        return [pid for pid in processes() if str(self.tmp).encode() in command_line(pid)]

    def wait_clean(self):
        """Wait until nothing of a run is left on the host; fail after a timeout."""
        _wait_until(lambda: not self.left() and not self.runs())

    def wait_busy(self):
        """Wait until a run has loaded its models and used half a second of processor time."""
        _wait_until(lambda: any(b"ai_edge_litert" in maps(pid) for pid in self.runs()))
        (pid,) = self.runs()
        begun = worked(pid)
        _wait_until(lambda: worked(pid) > begun + 0.5)

    def close(self):
        self.cut()
        self.process.kill()
        self.process.wait()
        self.log.close()


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def maps(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return b""


def statistics(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; see proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def worked(pid: int) -> float:
    """Processor time of a process in seconds."""
    return sum(map(int, statistics(pid)[11:13])) / os.sysconf("SC_CLK_TCK")


def children(parent: int) -> list[int]:
    found = []
    for pid in processes():
        with contextlib.suppress(OSError):  # it has just ended
            if int(statistics(pid)[1]) == parent:
                found.append(pid)
    return found


@pytest.fixture
def wait_until():
    return _wait_until


@pytest.fixture
def make_server(tmp_path, monkeypatch):
    """Start servers; `ssh` uses their configuration instead of the user's."""
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("no sshd or ssh here: apt-get install openssh-server openssh-client")
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here, by which the sessions of sshd are found")
    servers = []
    config = tmp_path / "ssh_config"
    programs = tmp_path / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def make() -> Server:
        server = Server(tmp_path / f"sshd{len(servers)}")
        servers.append(server)
        known = " ".join(str(one.folder / "known_hosts") for one in servers)
        keys = "\n".join(f"IdentityFile {one.folder}/user_key" for one in servers)
        config.write_text(
            f"UserKnownHostsFile {known}\nGlobalKnownHostsFile none\nIdentitiesOnly yes\n{keys}\n"
        )
        server.config = config
        return server

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def server(make_server) -> Server:
    return make_server()


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory) -> Path:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def host_python(tmp_path_factory) -> Path:
    """A Python like that of a host: with the libraries, without fer-edge."""
    folder = tmp_path_factory.mktemp("host python")  # with a space, which has to be quoted
    venv.create(folder, symlinks=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    libraries = Path(cv2.__file__).parents[1]  # of whose .pth files none is read
    (folder / "lib" / version / "site-packages" / "here.pth").write_text(f"{libraries}\n")
    return folder / "bin" / "python"


@pytest.fixture
def job(tmp_path) -> Job:
    """A job whose model cannot be loaded, for tests that end before it runs."""
    model = tmp_path / "model.tflite"
    model.write_bytes(b"\0\0\0\0TFL3")
    images = np.zeros((2, 48, 48), np.uint8)
    data = {"name": "n", "digest": "d", "synthetic": False, "split": "val"}
    return Job(
        [model], images, {"fer2013": np.array([0, 1])}, None, data, BenchmarkConfig(rounds=1)
    )
