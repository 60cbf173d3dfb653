"""A systemd unit that keeps fer-edge running with minimal privileges."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from device.errors import InputError
from device.system.redact import holds_secret

SECRETS = "/etc/fer-edge/environment"
"""Root's file with FER_EDGE_SOURCE, FER_EDGE_TOKEN and FER_EDGE_MQTT_PASSWORD for the service."""

WATCHDOG = 60
"""Seconds without a result after which systemd restarts the service."""

MARK = "# Written by fer-edge service install"

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

# Restart after every exit, and when the loop gives no results.
Restart=always
RestartSec=2
WatchdogSec={watchdog}
TimeoutStartSec=infinity
TimeoutStopSec=5
KillMode=mixed
MemoryMax=512M
TasksMax=64
OOMPolicy=stop

# A user that exists while the service runs and may open cameras.
DynamicUser=yes
User={name}
SupplementaryGroups={groups}
DevicePolicy=closed
{devices}
# No more rights than that.
{writable}NoNewPrivileges=yes
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

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))  # hidden by ProtectHome
_CAMERAS = ("char-video4linux", "char-media", "char-dma_heap", "/dev/vcio")

_NETWORKS = {
    "none": """
# The command names no address: its results cannot leave this machine.
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
IPAddressDeny=any
""",
    "local": """
# The preview is served to this machine only.
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
IPAddressDeny=any
IPAddressAllow=localhost
""",
    "any": """
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
""",
}


class Network(StrEnum):
    """Network access of a service."""

    none = "none"
    local = "local"
    any = "any"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A systemd service that runs fer-edge.

    Attributes:
        name: name of the unit, of its user and of its folder in /var/lib.
        program: absolute path of `fer-edge`.
        arguments: arguments of `fer-edge`: `run` or `serve` with their options.
        reads: absolute paths of the input files in the arguments.
        writes: absolute paths of output files; relative ones are below /var/lib.
        network: network access that the arguments need.
    """

    name: str
    program: Path
    arguments: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    network: Network = Network.none

    def unit(self) -> str:
        """Return the content of the unit.

        Raises:
            InputError: the name or an argument is not valid in a unit, or an argument contains a
                secret.
        """
        if not self.name.replace("-", "").isalnum() or not self.name.isascii():
            raise InputError(f"--name {self.name!r}: use only letters, digits and -")
        if any(not argument.isprintable() for argument in self.arguments):
            raise InputError("an argument has a character that is not allowed in a unit")
        if any(holds_secret(argument) for argument in self.arguments):
            raise InputError(
                "an address contains a password or token, which every user of this machine could "
                f"read in the unit: put it in {SECRETS} as FER_EDGE_SOURCE=ADDRESS and omit it "
                "from the command"
            )
        folders = dict.fromkeys(path.parent for path in self.outside_writes)
        writable = "".join(f"ReadWritePaths={_path(folder)}\n" for folder in folders)
        groups = ["video", *(str(folder.stat().st_gid) for folder in folders if _by_group(folder))]
        common = _COMMON.format(
            command=" ".join(map(_quoted, [str(self.program), *self.arguments])),
            secrets=SECRETS,
            name=self.name,
            watchdog=WATCHDOG,
            home="read-only" if self._needs_home() else "yes",
            devices="".join(f"DeviceAllow={device} rw\n" for device in _CAMERAS),
            groups=" ".join(dict.fromkeys(groups)),
            writable=writable,
            network=_NETWORKS[self.network],
        )
        head = (
            f"{MARK}; change it with: systemctl edit {self.name}\n[Unit]\n"
            "Description=fer-edge: facial expressions on this machine\n"
            "After=network.target\nStartLimitIntervalSec=0\n\n"
        )
        return head + common

    @property
    def state_folder(self) -> Path:
        """Folder of the service's own user for relative outputs."""
        return Path("/var/lib") / self.name

    @property
    def outside_writes(self) -> list[Path]:
        """Output files outside of `state_folder`."""
        return [path for path in self.writes if not path.is_relative_to(self.state_folder)]

    def program_files(self) -> list[Path]:
        """The program and, if it is a script, the interpreter in its first line."""
        try:
            with self.program.open("rb") as file:
                first = file.readline(1000)
        except OSError:
            return [self.program]
        words = first[2:].split() if first.startswith(b"#!") else []
        return [self.program, *(Path(os.fsdecode(word)) for word in words[:1])]

    def _needs_home(self) -> bool:
        named = [*self.program_files(), *self.reads, *self.writes]
        paths = [*named, *(path.resolve() for path in named)]
        return any(path.is_relative_to(home) for path in paths for home in _HOMES)


def _by_group(folder: Path) -> bool:
    """Whether a folder can be written by its group but not by all users."""
    try:
        return folder.stat().st_mode & 0o022 == 0o020
    except OSError:
        return False


def _path(path: Path) -> str:
    """Format a path for a setting with a list of paths: quoted, without specifiers."""
    return '"' + str(path).replace("\\", r"\\").replace('"', r"\"").replace("%", "%%") + '"'


def _quoted(argument: str) -> str:
    """Quote an argument for systemd.syntax(7), which would otherwise expand % and $."""
    escaped = argument.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
    escaped = escaped.replace("$", "$$")
    return f'"{escaped}"' if not argument or any(c in argument for c in " \t\n;'\"\\") else escaped
