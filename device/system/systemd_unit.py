"""A systemd unit that keeps fer-edge running, with no more rights than it needs."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing

UNITS = Path("/etc/systemd/system")
SECRETS = "/etc/fer-edge/environment"
"""Where root puts FER_EDGE_TOKEN and FER_EDGE_MQTT_PASSWORD; systemd hands them over."""

WATCHDOG = 60
"""Seconds without a result after which systemd restarts the service."""

_MARK = "# Written by fer-edge service install"

_COMMON = """\
[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
EnvironmentFile=-{secrets}
WorkingDirectory=%S/{name}
StateDirectory={name}
StateDirectoryMode=0700
UMask=0077

# For a month: restart whatever ended it, and a loop that gives no results, too.
Restart=always
RestartSec=2
WatchdogSec={watchdog}
TimeoutStartSec=infinity
TimeoutStopSec=5
KillMode=mixed
MemoryMax=512M
TasksMax=64
OOMPolicy=stop

# A user of its own, that exists while the service runs, and may open cameras.
DynamicUser=yes
User={name}
SupplementaryGroups=video
DevicePolicy=closed
{devices}
# No more rights than that.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
{network}
[Install]
WantedBy=multi-user.target
"""

_CAMERAS = ("char-video4linux", "char-media", "char-dma_heap", "/dev/vcio")

_OFFLINE = """
# The command names nothing on a network: what it sees cannot leave this machine.
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
IPAddressDeny=any
"""
_THIS_MACHINE = """
# The preview is for this machine alone.
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
IPAddressDeny=any
IPAddressAllow=localhost
"""
_NETWORK = """
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
"""


@dataclass(frozen=True)
class Service:
    """A service.

    Attributes:
        name: of the unit, its user and its folder below /var/lib.
        program: the absolute path of `fer-edge`.
        arguments: of `fer-edge`: `run` or `serve` with their options.
    """

    name: str
    program: Path
    arguments: tuple[str, ...]

    def unit(self) -> str:
        """Give the unit's text.

        Raises:
            InputError: the command is none that runs on and on, or the name is unfit.
        """
        if not self.name.replace("-", "").isalnum() or not self.name.isascii():
            raise InputError(f"--name {self.name!r}: letters, digits and - alone")
        if not self.arguments or self.arguments[0] not in ("run", "serve"):
            raise InputError(
                "say what the service runs, after --: "
                "fer-edge service install -- serve /dev/video0 --model MODEL.tflite"
            )
        if any(not argument.isprintable() for argument in self.arguments):
            raise InputError("an argument has a character that a unit cannot hold")
        arguments = [_absolute(argument) for argument in self.arguments]
        at_home = any(
            part.startswith(("/home/", "/root/")) for part in [str(self.program), *arguments]
        )
        devices = "".join(f"DeviceAllow={device} rw\n" for device in _CAMERAS)
        common = _COMMON.format(
            command=" ".join(map(_quoted, [str(self.program), *arguments])),
            secrets=SECRETS,
            name=self.name,
            watchdog=WATCHDOG,
            home="read-only" if at_home else "yes",
            devices=devices,
            network=_network(arguments),
        )
        head = (
            f"{_MARK}; change it with: systemctl edit {self.name}\n[Unit]\n"
            "Description=fer-edge: facial expressions on this machine\n"
            "After=network.target\nStartLimitIntervalSec=0\n\n"
        )
        return head + common


def install(service: Service, folder: Path = UNITS) -> Path:
    """Write the unit.

    Args:
        service: what to install.
        folder: where units are.

    Returns:
        the file.

    Raises:
        InputError: there is a unit of that name which is not ours, it cannot be written, systemd
            finds a fault with it, or the service's user could not read its files.
    """
    path = folder / f"{service.name}.service"
    text = service.unit()
    unreadable = _unreadable(service)
    if unreadable is not None:
        raise InputError(
            f"{unreadable} is closed to other users, so the service's own user could not read what "
            "it needs: install fer-edge and the model below /opt, or chmod o+rX"
        )
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise InputError(f"{folder} belongs to root: run the command with sudo")
    if path.exists() and not path.read_text(errors="replace").startswith(_MARK):
        raise InputError(f"{path} is not of fer-edge's making: give another --name")
    errors = verify(text, service.name)
    if errors:
        raise InputError(f"systemd does not accept the unit: {errors}")
    with replacing(path) as partial:
        partial.write_text(text)
    return path


def verify(unit: str, name: str) -> str:
    """Have systemd check a unit, where it is installed.

    Args:
        unit: the text.
        name: of the unit.

    Returns:
        what it complains about; nothing when it is fine or cannot be checked.
    """
    if shutil.which("systemd-analyze") is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.service"
        path.write_text(unit)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True
        )
    return " ".join(line for line in done.stderr.splitlines() if path.name in line)


def activate(name: str) -> list[str]:
    """Have systemd read the unit, and start it now and at every boot.

    Returns:
        the commands that were run; none where systemd does not run.

    Raises:
        InputError: one of them failed.
    """
    if not Path("/run/systemd/system").is_dir():
        return []
    commands = [
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", name],
        ["systemctl", "restart", "--no-block", name],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise InputError(f"{' '.join(command)}: {done.stderr.strip()}")
    return [" ".join(command) for command in commands]


def _absolute(argument: str) -> str:
    """Files that exist get their whole path: the service runs in another folder."""
    option, equals, value = argument.rpartition("=")
    path = Path(value)
    return option + equals + str(path.absolute()) if value and path.is_file() else argument


def _unreadable(service: Service) -> Path | None:
    """Find a file or folder of the command that the service's own user could not reach."""
    named = [Path(_absolute(argument).rpartition("=")[2]) for argument in service.arguments]
    for path in [*_program_files(service.program), *named]:
        if not (path.is_absolute() and path.is_file()):
            continue
        for folder in path.resolve().parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                return folder
        if not path.stat().st_mode & stat.S_IROTH:
            return path
    return None


def _program_files(program: Path) -> list[Path]:
    """Give the program and, where it is a script, what its first line has it run by."""
    try:
        with program.open("rb") as file:
            first = file.readline(1000)
    except OSError:
        return [program]
    words = first[2:].split() if first.startswith(b"#!") else []
    return [program, *(Path(os.fsdecode(word)) for word in words[:1])]


def _network(arguments: Sequence[str]) -> str:
    """The least network that a command needs: it names its addresses as URLs, or `--host`."""
    if any("://" in argument for argument in arguments):
        return _NETWORK
    if arguments[0] == "run":
        return _OFFLINE
    named = any(argument.split("=")[0] == "--host" for argument in arguments)
    return _NETWORK if named else _THIS_MACHINE


def _quoted(argument: str) -> str:
    """Quote as systemd.syntax(7) reads it; % and $ would be replaced."""
    escaped = argument.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
    escaped = escaped.replace("$", "$$")
    return f'"{escaped}"' if not argument or any(c in argument for c in " \t\n;'\"\\") else escaped
