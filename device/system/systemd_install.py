"""Installs, starts and removes a systemd unit."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from device.errors import InputError
from device.system.atomic_file import replacing
from device.system.systemd_unit import MARK, Service

UNITS = Path("/etc/systemd/system")

_PRIVATE = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # hidden by PrivateTmp


def install(service: Service, folder: Path = UNITS) -> Path:
    """Write the unit file.

    Args:
        service: service to install.
        folder: folder of systemd units.

    Returns:
        Path of the unit file.

    Raises:
        InputError: a unit of that name was not written by fer-edge, it cannot be written, systemd
            reports an error in it, or the service's user could not read its files or write its
            outputs.
    """
    path = folder / f"{service.name}.service"
    text = service.unit()
    _check_reads(service)
    _check_writes(service)
    _check_unit(path)
    errors = verify(text, service.name)
    if errors:
        raise InputError(f"systemd does not accept the unit: {errors}")
    with replacing(path) as partial:
        partial.write_text(text)
        partial.chmod(0o644)  # regardless of the umask
    return path


def remove(name: str, folder: Path = UNITS) -> tuple[list[str], list[str]]:
    """Stop a service and remove its unit; its data is kept.

    Args:
        name: name of the unit.
        folder: folder of systemd units.

    Returns:
        The commands that were run, and the MQTT addresses in the unit.

    Raises:
        InputError: fer-edge has no such unit, or it cannot be removed.
    """
    path = folder / f"{name}.service"
    if not path.is_file():
        raise InputError(f"{path} does not exist: no service of that --name is installed")
    _check_unit(path)
    addresses = re.findall(r"mqtts?://[^\s\"]+", path.read_text(errors="replace"))
    systemd = folder == UNITS and runs_systemd()
    done = _systemctl(["disable", "--now", name]) if systemd else []
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"{path} cannot be removed ({error.strerror})") from error
    return done + (_systemctl(["daemon-reload"]) if systemd else []), addresses


def verify(unit: str, name: str) -> str:
    """Check a unit with systemd, if that is installed.

    Args:
        unit: content of the unit.
        name: name of the unit.

    Returns:
        The messages of systemd; empty if the unit is correct or cannot be checked.
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
    """Reload systemd's units, and start this one now and on every boot.

    Returns:
        The commands that were run; empty if systemd is not running.

    Raises:
        InputError: a command failed.
    """
    if not runs_systemd():
        return []
    return [
        *_systemctl(["daemon-reload"]),
        *_systemctl(["enable", name]),
        *_systemctl(["restart", "--no-block", name]),
    ]


def runs_systemd() -> bool:
    """Whether systemd is the init system of this machine."""
    return Path("/run/systemd/system").is_dir()


def _systemctl(words: Sequence[str]) -> list[str]:
    command = ["systemctl", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{' '.join(command)}: {done.stderr.strip()}")
    return [" ".join(command)]


def _check_unit(path: Path) -> None:
    if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        raise InputError(f"{path.parent} belongs to root: run the command with sudo")
    if path.exists() and not path.read_text(errors="replace").startswith(MARK):
        raise InputError(f"{path} was not written by fer-edge: give another --name")


def _check_reads(service: Service) -> None:
    """Refuse files that the service's own user could not read."""
    for path in service.reads:
        _check_not_private(path)
        if not path.exists():
            raise InputError(f"{path} does not exist: give the path of the file")
    for path in [*service.program_files(), *service.reads]:
        closed = _closed(path)
        if closed is not None:
            raise InputError(
                f"{closed} is not readable for other users, so the service's own user could not "
                "read it: install fer-edge and the model below /opt, or chmod o+rX"
            )


def _check_writes(service: Service) -> None:
    """Refuse outputs in folders in which the service's own user could not write."""
    for path in service.outside_writes:
        _check_not_private(path)
        folder = path.parent
        advice = f"give a relative path, which is below {service.state_folder}"
        if not folder.is_dir():
            raise InputError(f"{folder} is not a folder: create it first, or {advice}")
        target = path if path.exists() else folder
        if not target.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP) or _closed(folder, False):
            raise InputError(
                f"{target} cannot be written by the service's own user: {advice}; or "
                f"chgrp video {target} and chmod g+w {target}"
            )


def _check_not_private(path: Path) -> None:
    if any(path.is_relative_to(folder) for folder in _PRIVATE):
        raise InputError(f"{path}: a service has its own temporary folder; move the file")


def _closed(path: Path, readable: bool = True) -> Path | None:
    """The part of a path that denies access to other users: a folder above, or the file itself."""
    if not path.exists():
        return None
    for folder in path.resolve().parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None if not readable or path.stat().st_mode & stat.S_IROTH else path
