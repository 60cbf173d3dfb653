"""Runs a Python program on an emulated core and records the instructions it executes."""

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import device
from benchmarks.counting import recording
from benchmarks.counting.cores import Core
from benchmarks.counting.kit import PYTHON, Kit
from benchmarks.counting.recording import Recording
from device.errors import CheckFailedError

TIMEOUT = 600.0
"""Timeout of a program in seconds; emulation is about 20 times slower than native execution."""

PACKAGES = (Path(device.__path__[0]), Path(__file__).parents[1])
"""Packages needed by programs that use `device`: `device` and `benchmarks.counting`."""

_ADDR_NO_RANDOMIZE = 0x0040000  # linux/personality.h
_libc = ctypes.CDLL(None)

_GUEST_ENVIRONMENT = {
    # One thread and a fixed hash seed: otherwise counts vary by up to 7 %.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/",
}


def run(
    kit: Kit,
    core: Core,
    program: Path,
    arguments: Sequence[str],
    files: Mapping[str, Path],
    *,
    packages: Sequence[Path] = (),
    memory: bool = True,
) -> Recording:
    """Run a Python program on a core and record the executed instructions.

    Args:
        kit: installed kit.
        core: core to emulate, visible to libraries in /proc/cpuinfo and HWCAP.
        program: path of the Python program.
        arguments: arguments of the program; files are named as in `files`.
        files: input files by the name under which the program finds them in its folder; fixed names
            keep memory addresses equal in all runs.
        packages: folders of pure Python packages in addition to those of the kit.
        memory: whether to record memory accesses, which takes twice as long.

    Raises:
        CheckFailedError: the program fails or hangs, or runs more than one thread.
    """
    with _guest(kit, core, program, files, packages) as folder:
        recorded = folder / "recorded.bin"
        plugin = f"{kit.plugin},out={recorded}{'' if memory else ',memory=off'}"
        _emulate(kit, core, folder, arguments, ("-plugin", plugin))
        if not recorded.exists():
            raise CheckFailedError(f"{kit.plugin} wrote no counts: run `fer-edge fetch arm` again")
        return recording.read(recorded)


def run_for_output(
    kit: Kit,
    core: Core,
    program: Path,
    arguments: Sequence[str],
    files: Mapping[str, Path],
    *,
    output: str,
    packages: Sequence[Path] = (),
) -> bytes:
    """Run a Python program on a core and return the content of a file that it writes.

    Args:
        kit: installed kit.
        core: core to emulate, as in `run`.
        program: path of the Python program.
        arguments: arguments of the program.
        files: input files, as in `run`.
        output: name of the output file in the program's folder.
        packages: folders of pure Python packages in addition to those of the kit.

    Raises:
        CheckFailedError: the program fails or hangs.
    """
    with _guest(kit, core, program, files, packages) as folder:
        _emulate(kit, core, folder, arguments, ())
        return (folder / output).read_bytes()


@contextmanager
def _guest(
    kit: Kit, core: Core, program: Path, files: Mapping[str, Path], packages: Sequence[Path]
) -> Iterator[Path]:
    """Create the program's folder with its files, system files and packages."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-count-") as name:
        folder = Path(name)
        root, site = folder / "root", folder / "site"
        core.write_system(root)
        for entry in ("bin", "etc", "lib", "usr"):
            if (kit.guest / entry).exists():
                (root / entry).symlink_to(kit.guest / entry)
        for file, path in {"main.py": program, **files}.items():
            (folder / file).symlink_to(path.absolute())
        site.mkdir()
        _link(kit.site, site)
        for package in packages:
            (site / package.name).symlink_to(package.absolute())
        yield folder


def _link(source: Path, target: Path) -> None:
    """Link all entries of a folder into another one."""
    for entry in source.iterdir():
        (target / entry.name).symlink_to(entry)


def _emulate(
    kit: Kit, core: Core, folder: Path, arguments: Sequence[str], options: Sequence[str]
) -> None:
    root = folder / "root"
    variables = _GUEST_ENVIRONMENT | {"PYTHONPATH": str(folder / "site")}
    command = [
        *kit.command("usr/bin/qemu-aarch64"),
        *("-L", str(root), "-cpu", core.name, "-seed", "1"),
        *(part for item in variables.items() for part in ("-E", "=".join(item))),
        *options,
        *(str(root / "usr/bin" / PYTHON), "main.py", *arguments),
    ]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PATH": os.defpath},  # QEMU passes its own environment to the guest
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            preexec_fn=_fix_addresses,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailedError(
            f"the program on {core.name} did not finish in {TIMEOUT:.0f} s"
        ) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CheckFailedError(f"the program on {core.name} failed: {lines[-1]}")


def _fix_addresses() -> None:
    """Disable address randomization, because Python's allocator depends on addresses.

    A container may forbid it; counts then vary in the seventh digit.
    """
    _libc.personality(_ADDR_NO_RANDOMIZE)
