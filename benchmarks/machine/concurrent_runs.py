"""Detect benchmark runs that overlap in time on the same machine.

Advisory only. Each run holds a lock on its own file and appends itself to the files of the
other running ones. A file without a lock was left behind by a run that was killed. No run waits for
another, and nothing happens if the files cannot be written.
"""

import fcntl
import json
import os
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from device.system.scratch_folder import shared_folder


class Presence:
    """Context manager that announces a run while its block is executed.

    Attributes:
        about: short description of what the run measures.
    """

    def __init__(self, about: str) -> None:
        """Store the description; nothing is written yet."""
        self.about = about
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._met: list[dict[str, Any]] = []

    def __enter__(self) -> "Presence":
        """Write this run's file and read those of other runs."""
        with suppress(OSError):
            self._announce(_folder())
        return self

    def __exit__(self, *_: object) -> None:
        """Remove this run's file, and the folder if it is empty."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            with suppress(OSError):
                self._path.parent.rmdir()
        if self._file is not None:
            self._file.close()

    def others(self) -> list[dict[str, Any]]:
        """Return the runs that overlapped with this one, each as `pid`, `since` and `about`."""
        later: list[dict[str, Any]] = []
        if self._path is not None:
            with suppress(OSError):
                later = _read(self._path)[1:]
        found = {(run["pid"], run["since"]): run for run in (*self._met, *later)}
        return list(found.values())

    def _announce(self, folder: Path) -> None:
        """Create the file under a temporary name, so that every visible file is locked."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"pid": os.getpid(), "since": now, "about": self.about}) + "\n"
        number, name = tempfile.mkstemp(dir=folder, prefix="run-", suffix=".new")
        self._file = os.fdopen(number, "wb", buffering=0)
        self._path = Path(name)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.write(line.encode())
        self._path = self._path.rename(self._path.with_suffix(".json"))
        for path in folder.glob("run-*.json"):
            if path != self._path:
                with suppress(OSError):
                    self._meet(path, line)

    def _meet(self, path: Path, line: str) -> None:
        with path.open("ab", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                self._met += _read(path)[:1]
                file.write(line.encode())
            else:
                path.unlink()


def _folder() -> Path:
    """Return the folder of such files for this user.

    Raises:
        OSError: the folder cannot be created or belongs to another user.
    """
    folder = shared_folder() / f"fer-edge-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    return folder


def _read(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            found.append(json.loads(line))
    return found
