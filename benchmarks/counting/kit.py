"""What counting needs, in the user's data folder: emulator, arm64 Python with its packages, LLVM.

`install` puts it there, `find` gives what is there. Nothing of it runs unless it is whole: the
manifest is written last, and names the digests of all that went in.
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
"""Version of LLVM: cycles are estimated with its scheduling models, so another one differs."""


@dataclass(frozen=True)
class Kit:
    """An installed kit.

    Attributes:
        folder: with `host` (programs of this machine), `guest` (arm64 Debian), `site` (aarch64
            Python packages) and the plugin.
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
        """The counting plugin of QEMU."""
        return self.folder / "plugin.so"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What is installed: `packages` and `wheels` with their versions and SHA-256."""
        manifest: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text("utf-8"))
        return manifest

    def version(self, package: str) -> str:
        """Give the version of a package or wheel that is installed."""
        manifest = self.manifest
        found: str = {**manifest["packages"], **manifest["wheels"]}[package]["version"]
        return found

    def command(self, program: str) -> list[str]:
        """Give the command that runs one of the kit's programs, with the kit's own libraries.

        Args:
            program: path below `host`, such as "usr/bin/qemu-aarch64".
        """
        return host_command(self.folder / "host", program)

    @property
    def llvm_mc(self) -> list[str]:
        """The command of LLVM's assembler and disassembler."""
        return self.command(f"usr/lib/llvm-{LLVM}/bin/llvm-mc")

    @property
    def llvm_mca(self) -> list[str]:
        """The command of LLVM's machine code analyzer."""
        return self.command(f"usr/lib/llvm-{LLVM}/bin/llvm-mca")


_LOADERS = {
    "x86_64": ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", "amd64"),
    "aarch64": ("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", "arm64"),
}


def host_architecture() -> str:
    """Give Debian's name of this machine's architecture.

    Raises:
        InputError: the kit does not run on such a machine.
    """
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in _LOADERS:
        raise InputError(
            f"instructions can be counted on Linux of x86-64 or arm64, not on {platform.system()} "
            f"of {machine}: count on another machine"
        )
    return _LOADERS[machine][2]


def host_command(root: Path, program: str) -> list[str]:
    """Give the command that runs a program in a tree of this machine's architecture.

    It is started by the tree's own loader, so that it finds the libraries it was built with and not
    those of the system around it.
    """
    loader, triplet, _ = _LOADERS[platform.machine()]
    libraries = (f"lib/{triplet}", f"usr/lib/{triplet}", f"usr/lib/llvm-{LLVM}/lib")
    path = ":".join(str(root / library) for library in libraries)
    return [str(root / loader), "--library-path", path, str(root / program)]


def folder() -> Path:
    """Where the kit is, or would be."""
    return data_folder() / FOLDER


def recipe_digest() -> str:
    """Give the digest of what a kit is made from besides packages: another one needs a new kit."""
    digest = hashlib.sha256()
    for path in (PLUGIN_SOURCE, REQUIREMENTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def find() -> Kit:
    """Give the installed kit.

    Raises:
        InputError: there is none, or one of another version of fer-edge, or this is no machine for
            it.
    """
    host_architecture()
    kit = Kit(folder())
    try:
        manifest = kit.manifest
    except (OSError, ValueError) as error:
        raise InputError(
            f"{kit.folder} has nothing to count instructions with: run `fer-edge fetch arm`"
        ) from error
    if manifest.get("recipe") != recipe_digest():
        raise InputError(
            f"{kit.folder} was installed by another version of fer-edge: run `fer-edge fetch arm`"
        )
    return kit


def is_installed() -> bool:
    """Whether a kit is there that this version can use."""
    try:
        find()
    except InputError:
        return False
    return os.access(folder() / "plugin.so", os.R_OK)
