"""Installs Debian packages without root: apt downloads and verifies them in separate folders."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError

SUITE = "bookworm"
"""Debian release with QEMU 7.2 (plugin API of count.c) and Python 3.11 (for the wheels)."""

_KEYRINGS = tuple(
    Path("/usr/share/keyrings") / f"debian-archive-keyring{suffix}" for suffix in (".gpg", ".pgp")
)
_RELEASES = ("bookworm", "trixie", "forky", "duke", "sid", "stable", "testing", "unstable")
_UNNEEDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")


@dataclass(frozen=True)
class Package:
    """A downloaded package.

    Attributes:
        name: name of the package.
        version: version of the package.
        sha256: digest of the file.
        path: path of the `.deb` file.
    """

    name: str
    version: str
    sha256: str
    path: Path


def find_mirror() -> str:
    """Return the address of the Debian archive in apt's configuration.

    Raises:
        InputError: apt is not installed, or uses no Debian archive.
    """
    for program in ("apt-get", "dpkg-deb", "tar"):
        if shutil.which(program) is None:
            raise InputError(
                f"{program} is not installed: fetch arm needs Debian's apt (Debian, Raspberry Pi "
                "OS, Ubuntu, or a container of debian:bookworm)"
            )
    fields = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    listed = _apt("indextargets", "Created-By: Packages", "--format", fields)
    for line in listed.splitlines():
        address, release, component, origin = line.split("|")
        is_debian = origin == "Debian" or "$" in origin or not origin  # unknown before an update
        if is_debian and release in _RELEASES and component == "main":
            return address
    raise InputError(
        "apt is configured without a Debian archive: specify one with --url, for example one "
        "that debian.org lists"
    )


def find_keyring() -> Path:
    """Return the path of the keyring of Debian's archive.

    Raises:
        InputError: the keyring is not installed.
    """
    for path in _KEYRINGS:
        if path.exists():
            return path
    raise InputError(
        f"{_KEYRINGS[0]} is missing and needed to verify packages: "
        "sudo apt install debian-archive-keyring"
    )


def download(
    packages: Sequence[str], architecture: str, folder: Path, mirror: str
) -> list[Package]:
    """Download packages with their dependencies.

    apt verifies the signature of the archive and the SHA-256 of every package.

    Args:
        packages: names of the packages.
        architecture: Debian's name of the architecture, such as "arm64".
        folder: folder for the state of apt and the files.
        mirror: address of the archive.

    Raises:
        InputError: the archive is unreachable, is not signed by Debian, or lacks a package.
    """
    state, cache, empty = folder / "state", folder / "cache", folder / "empty"
    for path in (state / "lists/partial", cache / "archives/partial", empty):
        path.mkdir(parents=True)
    (state / "status").touch()
    sources = folder / "sources.list"
    sources.write_text(
        f"deb [signed-by={find_keyring()} arch={architecture}] {mirror} {SUITE} main\n"
    )
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # the folders belong to this user
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Dir::State": str(state),
        "Dir::State::status": str(state / "status"),
        "Dir::Cache": str(cache),
        "Dir::Etc::SourceList": str(sources),
        "Dir::Etc::SourceParts": str(empty),
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": str(empty),
        "Dir::Log": str(folder),
    }
    flags = [f"-o{name}={value}" for name, value in options.items()]
    _apt("update", "--error-on=any", "-q", *flags)
    _apt("install", "--yes", "--download-only", "-q", *flags, *packages)
    return [_package(path) for path in sorted((cache / "archives").glob("*.deb"))]


def unpack(package: Package, root: Path, members: Sequence[str] = ()) -> None:
    """Unpack a package except for its documentation.

    Args:
        package: downloaded package.
        root: folder that represents "/".
        members: paths to unpack, such as "./usr/bin/qemu-aarch64"; all if empty.

    Raises:
        InputError: the disk is full, or a member is missing.
    """
    root.mkdir(parents=True, exist_ok=True)
    tar = ["tar", "-x", "-C", str(root), "--no-same-owner", *(f"--exclude={p}" for p in _UNNEEDED)]
    reader = subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package.path)], stdout=subprocess.PIPE
    )
    done = subprocess.run(
        [*tar, *members], stdin=reader.stdout, capture_output=True, text=True, check=False
    )
    if reader.wait() or done.returncode:
        lines = done.stderr.strip().splitlines() or ["damaged file"]
        raise InputError(f"{package.path.name} cannot be unpacked to {root}: {lines[0]}")


def _package(path: Path) -> Package:
    name, version, _ = path.stem.split("_")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package(name, version.replace("%3a", ":"), digest, path)


def _apt(*arguments: str) -> str:
    """Run apt-get.

    Raises:
        InputError: apt-get fails; the message is its error line.
    """
    done = subprocess.run(
        ["apt-get", *arguments],
        env=os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        reason = (lines or done.stderr.splitlines() or ["no reason given"])[0]
        raise InputError(f"apt-get {arguments[0]} fails: {reason.removeprefix('E: ')}")
    return done.stdout
