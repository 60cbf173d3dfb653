"""Installs the counting kit into the user's data folder: verified packages and wheels."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from benchmarks.counting import debian, kit
from benchmarks.counting.debian import Package
from benchmarks.counting.kit import Kit
from device.errors import CheckFailedError, InputError

_GUEST = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6")
_HOST: Mapping[str, tuple[str, ...]] = {
    "qemu-user": ("./usr/bin/qemu-aarch64",),
    f"llvm-{kit.LLVM}": tuple(
        f"./usr/lib/llvm-{kit.LLVM}/bin/{program}" for program in ("llvm-mc", "llvm-mca")
    ),
}
"""Programs to unpack from each package; their libraries come from its dependencies."""

_COMPILER = ("gcc", "libc6-dev")
_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")


def install(
    *,
    mirror: str | None = None,
    check: Callable[[Kit], None] = lambda kit: None,
    progress: Callable[[str], None] = lambda step: None,
) -> Kit:
    """Install the kit; an existing kit is replaced after the new one is complete.

    Args:
        mirror: address of a Debian archive; None for the one in apt's configuration.
        check: function that tests the kit before it is moved into place; raises if it fails.
        progress: callback with a description of each step.

    Raises:
        InputError: this machine does not support the kit, or a package cannot be downloaded.
        CheckFailedError: the downloaded programs do not work.
    """
    architecture = kit.host_architecture()
    mirror = mirror or debian.find_mirror()
    target = kit.folder()
    _make(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{kit.FOLDER}-") as name:
        work, new = Path(name), Path(name) / "kit"
        new.mkdir()
        packages = _guest(work, new, mirror, progress)
        packages += _host(work, new, architecture, mirror, progress)
        wheels = _wheels(work, new, progress)
        progress("building the plugin")
        packages += _build_plugin(work, new, architecture, mirror)
        manifest = {
            "recipe": kit.recipe_digest(),
            "packages": {p.name: {"version": p.version, "sha256": p.sha256} for p in packages},
            "wheels": wheels,
        }
        (new / kit.MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        progress("testing the kit")
        check(Kit(new))
        if target.exists():
            target.rename(work / "old")
        new.rename(target)
    return Kit(target)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be created: {error.strerror}") from error


def _guest(work: Path, new: Path, mirror: str, progress: Callable[[str], None]) -> list[Package]:
    progress("downloading Python for arm64")
    packages = debian.download(_GUEST, "arm64", work / "guest", mirror)
    for package in packages:
        debian.unpack(package, new / "guest")
    return packages


def _host(
    work: Path, new: Path, architecture: str, mirror: str, progress: Callable[[str], None]
) -> list[Package]:
    progress("downloading QEMU and LLVM")
    packages = debian.download(tuple(_HOST), architecture, work / "host", mirror)
    for package in packages:
        if package.name in _HOST:
            debian.unpack(package, new / "host", _HOST[package.name])
        elif package.name.startswith("lib"):
            debian.unpack(package, new / "host")
    return packages


def _wheels(work: Path, new: Path, progress: Callable[[str], None]) -> dict[str, dict[str, str]]:
    """Download and unpack the aarch64 wheels; their digests are pinned."""
    progress("downloading Python packages for arm64")
    if importlib.util.find_spec("pip") is None:
        raise InputError(f"{sys.executable} has no pip to download packages with: install pip")
    folder = work / "wheels"
    command = [
        *(sys.executable, "-m", "pip", "--quiet", "download"),
        *("--require-hashes", "--only-binary=:all:", "--no-deps", "--python-version=3.11"),
        *(f"--platform={platform}" for platform in _PLATFORMS),
        *("--disable-pip-version-check", "-d", str(folder), "-r", str(kit.REQUIREMENTS)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise InputError(f"pip download failed: {(lines or ['no reason given'])[0]}")
    found = {}
    for path in sorted(folder.glob("*.whl")):
        shutil.unpack_archive(path, new / "site", "zip")
        distribution, version = path.name.split("-")[:2]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[distribution.replace("_", "-")] = {"version": version, "sha256": digest}
    return found


def _build_plugin(work: Path, new: Path, architecture: str, mirror: str) -> Iterable[Package]:
    """Compile the plugin with the C compiler of this machine, or with a downloaded compiler."""
    output = new / "plugin.so"
    options = ["-O2", "-fPIC", "-w"]
    source = str(kit.PLUGIN_SOURCE)
    if compiler := shutil.which("cc") or shutil.which("gcc") or shutil.which("clang"):
        _compile([compiler, *options, "-shared", "-o", str(output), source])
        return ()
    root = work / "toolchain"
    packages = debian.download(_COMPILER, architecture, work / "compiler", mirror)
    for package in packages:
        debian.unpack(package, root)
    loader = kit.host_command(root, "usr/bin/gcc-12")
    # gcc also starts its subprograms through the loader, so that they find their libraries.
    wrapper = ",".join(loader[:-1])
    search = next((root / "usr/lib/gcc").glob("*/12"))
    built = work / "plugin.o"
    where = [f"-B{search}", f"-B{root / 'usr/bin'}", f"--sysroot={root}"]
    _compile([*loader, "-wrapper", wrapper, *where, *options, "-c", "-o", str(built), source])
    linker = kit.host_command(root, "usr/bin/ld")
    _compile([*linker, "-shared", "-o", str(output), str(built)])
    return packages


def _compile(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CheckFailedError(f"the plugin cannot be compiled: {lines[0]}")
