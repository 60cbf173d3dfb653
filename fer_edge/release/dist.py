"""Builds wheel and sdist of the last commit twice, and writes them if both builds are equal.

    python -m fer_edge.release.dist --out dist

Both builds start from a fresh checkout in separate folders at different times; uncommitted files
are not included. Times in the archives are the commit's (SOURCE_DATE_EPOCH,
reproducible-builds.org). The output also contains software bills of materials (CycloneDX) of the
base install and of everything that constraints.txt locks, and the digests.
"""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from device.errors import CheckFailedError, InputError
from device.system import sha256sums
from device.system.atomic_file import replacing
from fer_edge.release import sbom
from fer_edge.release.command import one_line

ROOT = Path(__file__).parents[2]

MAX_WHEEL = 5_000_000
"""Maximum size of the wheel in bytes."""

_UMASK = 0o022


def build(root: Path) -> dict[str, bytes]:
    """Build sdist and wheel of the last commit, twice.

    Args:
        root: folder of the git repository.

    Returns:
        File contents by name.

    Raises:
        InputError: `root` is not a git repository, or the build fails.
        CheckFailedError: the builds differ, or the wheel is too large.
    """
    epoch = commit_time(root)
    commit = _run("git", "rev-parse", "HEAD", folder=root).strip()
    first, second = (_build_once(root, epoch, commit) for _ in range(2))
    different = sorted(name for name in first | second if first.get(name) != second.get(name))
    if different:
        raise CheckFailedError(f"two builds of one commit differ: {', '.join(different)}")
    for name, content in first.items():
        if name.endswith(".whl") and len(content) > MAX_WHEEL:
            raise CheckFailedError(f"{name} has {len(content):,} bytes, at most {MAX_WHEEL:,}")
    return first


def commit_time(root: Path) -> int:
    """Return the time of the last commit in seconds since 1970."""
    return int(_run("git", "log", "-1", "--format=%ct", folder=root))


def normalize(sdist: bytes, epoch: int) -> bytes:
    """Rewrite a `.tar.gz` so that its bytes depend only on names, contents and `epoch`.

    Args:
        sdist: content of the archive.
        epoch: time of all members in seconds since 1970.
    """
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist)) as source,
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=epoch) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            new = tarfile.TarInfo(member.name)
            new.type, new.linkname, new.size = member.type, member.linkname, member.size
            new.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.mtime = epoch
            target.addfile(new, source.extractfile(member) if member.isfile() else None)
    return packed.getvalue()


def _build_once(root: Path, epoch: int, commit: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as temporary:
        source, out = Path(temporary) / "source", Path(temporary) / "out"
        source.mkdir()
        archive = Path(temporary) / "commit.tar"
        mode = f"tar.umask={_UMASK:04o}"
        _run("git", "-c", mode, "archive", f"--output={archive}", commit, folder=root)
        with tarfile.open(archive) as files:
            files.extractall(source, filter="tar")
        command = (sys.executable, "-m", "build", "--outdir", str(out), str(source))
        _run(*command, folder=source, epoch=epoch)
        built = {path.name: path.read_bytes() for path in out.iterdir()}
    return {
        name: normalize(content, epoch) if name.endswith(".tar.gz") else content
        for name, content in built.items()
    }


def _run(*command: str, folder: Path, epoch: int | None = None) -> str:
    environment = dict(os.environ)
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
        environment["PIP_CONSTRAINT"] = str(folder / "build-constraints.txt")
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, umask=_UMASK, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise InputError(f"{command[0]} is not installed") from error
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise InputError(f"{' '.join(command[:3])} failed: {told[-1]}")
    return done.stdout


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("dist"),
) -> None:
    """Build wheel, sdist, SBOM and digests of the last commit."""
    with one_line("dist"):
        if _run("git", "status", "--porcelain", folder=ROOT):
            typer.echo("dist: uncommitted changes are not built", err=True)
        written = []
        for name, content in (build(ROOT) | sbom.write(ROOT, commit_time(ROOT))).items():
            with replacing(out / name) as partial:
                partial.write_bytes(content)
            written.append(out / name)
            typer.echo(f"{out / name}  {len(content):,} bytes")
        sha256sums.write(out / sha256sums.NAME, written)


if __name__ == "__main__":
    typer.run(main)
