"""Debian packages without root: apt downloads and checks them, with folders of its own."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import InputError

SUITE = "bookworm"
"""QEMU 7.2, whose plugins count.c is written for, Python 3.11, which the wheels are built for."""

_KEYRINGS = tuple(
    Path("/usr/share/keyrings") / f"debian-archive-keyring{suffix}" for suffix in (".gpg", ".pgp")
)
_RELEASES = ("bookworm", "trixie", "forky", "duke", "sid", "stable", "testing", "unstable")
_UNNEEDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")


@dataclass(frozen=True)
class Package:
    """A downloaded package.

    Attributes:
        name: of the package.
        version: its version.
        sha256: digest of the file.
        path: the .deb file.
    """

    name: str
    version: str
    sha256: str
    path: Path


def find_mirror() -> str:
    """Give the address of the Debian archive that this machine's apt is configured with.

    Raises:
        InputError: there is no apt, or it uses another archive.
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
        "apt is configured without a Debian archive: give one with --url, such as one that "
        "debian.org lists"
    )


def find_keyring() -> Path:
    """Give the keys that Debian signs its archive with.

    Raises:
        InputError: they are not installed.
    """
    for path in _KEYRINGS:
        if path.exists():
            return path
    raise InputError(
        f"{_KEYRINGS[0]} is missing, and without it packages cannot be checked: "
        "sudo apt install debian-archive-keyring"
    )


def download(
    packages: Sequence[str], architecture: str, folder: Path, mirror: str
) -> list[Package]:
    """Download packages with all that they depend on.

    apt checks the archive's signature, and every package's SHA-256 against the signed index.

    Args:
        packages: their names.
        architecture: Debian's name of it, such as "arm64".
        folder: for apt's state and the files.
        mirror: address of the archive.

    Raises:
        InputError: the archive cannot be reached, is not signed by Debian, or lacks a package.
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
        "APT::Sandbox::User": "",  # the folders are this user's
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
    """Unpack a package, without its documentation.

    Args:
        package: downloaded.
        root: folder that stands for "/".
        members: paths to unpack alone, such as "./usr/bin/qemu-aarch64"; none for all.

    Raises:
        InputError: there is no room, or it lacks a member.
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
        InputError: it fails; with the line that says why.
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
