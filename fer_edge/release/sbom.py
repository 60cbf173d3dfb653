"""Software bills of materials (CycloneDX 1.6, JSON) of the locked versions in constraints.txt."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from device.errors import InputError


def write(root: Path, epoch: int) -> dict[str, bytes]:
    """Create the bills of materials of the base install and of everything that is locked.

    Args:
        root: folder with `pyproject.toml` and `constraints.txt`.
        epoch: timestamp of the bills in seconds since 1970.

    Returns:
        File contents by name: `fer_edge-VERSION.base.cdx.json` and `fer_edge-VERSION.cdx.json`.

    Raises:
        InputError: cyclonedx-bom is not installed or rejects the list, or the base install needs a
            distribution that is not locked.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    locked: dict[str, str] = {
        canonicalize_name(line.split("==")[0]): line for line in lines if "==" in line
    }
    needed = closure(project["dependencies"])
    if unlocked := sorted(needed - locked.keys()):
        raise InputError(f"constraints.txt lacks {', '.join(unlocked)}: add the tested versions")
    stem = f"fer_edge-{project['version']}"
    return {
        f"{stem}.base.cdx.json": bill(root, (locked[name] for name in sorted(needed)), epoch),
        f"{stem}.cdx.json": bill(root, (locked[name] for name in sorted(locked)), epoch),
    }


def closure(requirements: Iterable[str]) -> set[str]:
    """Return the distributions that requirements install here, including dependencies.

    Args:
        requirements: requirements as in `pyproject.toml`; their markers are evaluated for this
            Python and machine.

    Returns:
        Canonical names.

    Raises:
        InputError: a distribution is not installed, so that its dependencies are unknown.
    """
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        for wanted in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, wanted))
            try:
                further = importlib.metadata.requires(name) or []
            except importlib.metadata.PackageNotFoundError as error:
                raise InputError(f"{name} is not installed: make install") from error
            waiting += [(Requirement(text), wanted) for text in further]
    return found


def bill(root: Path, pins: Iterable[str], epoch: int) -> bytes:
    """Create a bill of materials.

    Args:
        root: folder with `pyproject.toml`, which describes the main component.
        pins: components, as `name==version`.
        epoch: timestamp of the bill in seconds since 1970.

    Raises:
        InputError: cyclonedx-bom is not installed or rejects the list.
    """
    done = subprocess.run(
        (
            *(sys.executable, "-m", "cyclonedx_py", "requirements", "-"),
            *("--pyproject", str(root / "pyproject.toml"), "--output-reproducible"),
        ),
        input="\n".join(pins).encode(),
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)},
        capture_output=True,
    )
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise InputError(f"cyclonedx-bom cannot make the bill of materials: {told[-1]}")
    return done.stdout
