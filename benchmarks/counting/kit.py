"""Location and content of the counting kit: emulator, arm64 Python, LLVM.

`install` installs it, `find` returns it. The manifest with the digests of all parts is written
last, so an incomplete kit is not used.
"""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.system.user_folders import data_folder

FOLDER = "arm"
MANIFEST = "kit.json"
PLUGIN_SOURCE = Path(__file__).with_name("plugin.c")
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PYTHON = "python3.11"
LLVM = 19
"""Version of LLVM; the estimated cycles depend on its scheduling models."""


@dataclass(frozen=True)
class Kit:
    """An installed kit.

    Attributes:
        folder: folder with `host` (programs of this machine), `guest` (arm64 Debian), `site`
            (aarch64 Python packages) and the plugin.
    """

    folder: Path

    @property
    def guest(self) -> Path:
        """Root of the arm64 system."""
        return self.folder / "guest"

    @property
    def site(self) -> Path:
        """Folder of the aarch64 Python packages."""
        return self.folder / "site"

    @property
    def plugin(self) -> Path:
        """QEMU plugin that counts instructions."""
        return self.folder / "plugin.so"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The installed `packages` and `wheels` with their versions and SHA-256."""
        manifest: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text("utf-8"))
        return manifest

    def version(self, package: str) -> str:
        """Return the version of an installed package or wheel."""
        manifest = self.manifest
        found: str = {**manifest["packages"], **manifest["wheels"]}[package]["version"]
        return found

    def command(self, program: str) -> list[str]:
        """Return the command of a program of the kit that uses the kit's libraries.

        Args:
            program: path below `host`, such as "usr/bin/qemu-aarch64".
        """
        return host_command(self.folder / "host", program)

    @property
    def llvm_mc(self) -> list[str]:
        """Command of LLVM's assembler and disassembler."""
        return self.command(f"usr/lib/llvm-{LLVM}/bin/llvm-mc")

    @property
    def llvm_mca(self) -> list[str]:
        """Command of LLVM's machine code analyzer."""
        return self.command(f"usr/lib/llvm-{LLVM}/bin/llvm-mca")


_LOADERS = {
    "x86_64": ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", "amd64"),
    "aarch64": ("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", "arm64"),
}


def host_architecture() -> str:
    """Return Debian's name of the architecture of this machine.

    Raises:
        InputError: the kit does not support this architecture.
    """
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in _LOADERS:
        raise InputError(
            f"counting needs Linux on x86-64 or arm64, not {platform.system()} on {machine}: use "
            "another machine"
        )
    return _LOADERS[machine][2]


def host_command(root: Path, program: str) -> list[str]:
    """Return the command of a program in a file tree for the architecture of this machine.

    The program is started by the loader of the tree, so that it uses the libraries of the tree and
    not those of the system.
    """
    loader, triplet, _ = _LOADERS[platform.machine()]
    libraries = (f"lib/{triplet}", f"usr/lib/{triplet}", f"usr/lib/llvm-{LLVM}/lib")
    path = ":".join(str(root / library) for library in libraries)
    return [str(root / loader), "--library-path", path, str(root / program)]


def folder() -> Path:
    """Return the folder of the kit, whether or not it exists."""
    return data_folder() / FOLDER


def recipe_digest() -> str:
    """Return the digest of all inputs of a kit except packages; a new digest needs a new kit."""
    digest = hashlib.sha256()
    for path in (PLUGIN_SOURCE, REQUIREMENTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def find() -> Kit:
    """Return the installed kit.

    Raises:
        InputError: no kit is installed, it belongs to another version of fer-edge, or this machine
            is not supported.
            support it.
    """
    host_architecture()
    kit = Kit(folder())
    try:
        manifest = kit.manifest
    except (OSError, ValueError) as error:
        raise InputError(
            f"{kit.folder}: no counting kit is installed: run `fer-edge fetch arm`"
        ) from error
    if manifest.get("recipe") != recipe_digest():
        raise InputError(
            f"{kit.folder} was installed by another version of fer-edge: run `fer-edge fetch arm`"
        )
    return kit


def is_installed() -> bool:
    """Return whether a kit of this version is installed."""
    try:
        find()
    except InputError:
        return False
    return os.access(folder() / "plugin.so", os.R_OK)
