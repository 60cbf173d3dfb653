"""The names of hosts, checked before any of them comes near a command line."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from device.errors import InputError

# Neither part may begin with a dash, or ssh would take it for an option (-oProxyCommand=…).
_URL = re.compile(
    r"ssh://"
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]*)@)?"
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"/?"
)
_OPTIONS = {
    "BatchMode": "yes",  # ask for nothing: nobody may be there to answer
    "ConnectTimeout": "15",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "4",
    "ControlMaster": "no",  # an open master is used, and none is left behind
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "PermitLocalCommand": "no",
}


@dataclass(frozen=True)
class Host:
    """A machine that ssh reaches.

    Attributes:
        name: host name, alias of ssh's configuration, or address (IPv6 without brackets).
        user: None leaves it to ssh's configuration.
        port: None likewise.
    """

    name: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        """The host as messages and tables name it: `pi@kitchen:2222`."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return self._with_user(name) + (f":{self.port}" if self.port else "")

    @property
    def folder(self) -> str:
        """Name of the folder of its results; has no character that an artifact store refuses."""
        name = self._with_user(self.name) + (f"-{self.port}" if self.port else "")
        return re.sub(r"[:%]", "-", name)

    def command(self, remote: str) -> list[str]:
        """Give the command that runs `remote`, a line for the shell of the host, by ssh."""
        options = [f"-o{key}={value}" for key, value in _OPTIONS.items()]
        port = ["-p", str(self.port)] if self.port else []
        return ["ssh", *options, *port, "--", self._with_user(self.name), remote]

    @property
    def by_hand(self) -> list[str]:
        """The command with which a person reaches the host."""
        port = ["-p", str(self.port)] if self.port else []
        return ["ssh", *port, self._with_user(self.name)]

    def _with_user(self, name: str) -> str:
        return f"{self.user}@{name}" if self.user else name


def parse(text: str) -> Host:
    """Read `ssh://[user@]host[:port]`.

    Raises:
        InputError: it is something else.
    """
    match = _URL.fullmatch(text)
    if match is None:
        raise InputError(
            f"--on {text!r}: give ssh://user@host or ssh://user@host:port{_hint(text)}"
        )
    user, name, port = match["user"], match["name"].strip("[]"), match["port"]
    if port is not None and not 1 <= int(port) <= 65535:
        raise InputError(f"--on {text!r}: a port is 1 to 65535")
    return Host(name, user, int(port) if port else None)


def parse_all(texts: Sequence[str]) -> list[Host]:
    """Read several, each of which has to be another machine, as far as its name tells.

    Raises:
        InputError: one is not `ssh://[user@]host[:port]`, or two are the same.
    """
    hosts = [parse(text) for text in texts]
    folders = [host.folder for host in hosts]
    for host in hosts:
        if folders.count(host.folder) > 1:
            raise InputError(f"--on names {host} twice: two runs on one machine disturb each other")
    return hosts


def quoted(program: str) -> str:
    """Quote the path of a program for the host's shell; a leading `~/` is the home there.

    Raises:
        InputError: it cannot be the path of a program.
    """
    if not program or program.startswith("-") or not program.isprintable():
        raise InputError(f"--remote-python {program!r}: give the path of a Python on the host")
    if program.startswith("~/"):
        return '"$HOME"/' + shlex.quote(program[2:])
    return shlex.quote(program)


def _hint(text: str) -> str:
    if text.startswith("adb"):
        return " (adb is not supported yet)"
    if re.match(r"ssh://[^/@]*:[^/@]*@", text):
        return " without a password: ssh uses your keys"
    return ""
