"""Parse and check host names before they are used in a command line."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from device.errors import InputError

# No part may begin with a dash, which ssh would parse as an option (-oProxyCommand=…).
_URL = re.compile(
    r"ssh://"
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]*)@)?"
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"/?"
)
_OPTIONS = {
    "BatchMode": "yes",  # never prompt, as input may not be available
    "ConnectTimeout": "15",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "4",
    "ControlMaster": "no",  # use an open master, but leave none behind
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "PermitLocalCommand": "no",
}


@dataclass(frozen=True)
class Host:
    """A machine that is reached by ssh.

    Attributes:
        name: host name, alias of ssh's configuration, or address (IPv6 without brackets).
        user: user name; None for that of ssh's configuration.
        port: port; None for that of ssh's configuration.
    """

    name: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        """Name in messages and tables, such as `pi@kitchen:2222`."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return self._with_user(name) + (f":{self.port}" if self.port else "")

    @property
    def folder(self) -> str:
        """Name of the folder for its results, without characters that artifact stores refuse."""
        name = self._with_user(self.name) + (f"-{self.port}" if self.port else "")
        return re.sub(r"[:%]", "-", name)

    def command(self, remote: str) -> list[str]:
        """Return the ssh command that runs `remote`, a line for the host's shell."""
        options = [f"-o{key}={value}" for key, value in _OPTIONS.items()]
        port = ["-p", str(self.port)] if self.port else []
        return ["ssh", *options, *port, "--", self._with_user(self.name), remote]

    @property
    def by_hand(self) -> list[str]:
        """The ssh command with which the user can try the connection."""
        port = ["-p", str(self.port)] if self.port else []
        return ["ssh", *port, self._with_user(self.name)]

    def _with_user(self, name: str) -> str:
        return f"{self.user}@{name}" if self.user else name


def parse(text: str) -> Host:
    """Parse `ssh://[user@]host[:port]`.

    Raises:
        InputError: the text has another form.
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
    """Parse several hosts, which must be different.

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
    """Quote the path of a program for the host's shell; `~/` at the start is the home there.

    Raises:
        InputError: the text cannot be the path of a program.
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
