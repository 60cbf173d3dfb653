"""Stages of a run: each has a folder, runs once, and records what its result depends on."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.system.atomic_file import replacing
from device.system.exclusive_folder import LOCK, exclusive

logger = logging.getLogger(__name__)

_DONE = "stage.json"


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        name: name of the stage and of its folder.
        settings: the values that its result depends on, as JSON types.
        work: function that runs the stage in the given folder; after an interruption it finds there
            what it did before.
        distributed: whether all workers of a cluster run it together.
    """

    name: str
    settings: Mapping[str, Any]
    work: Callable[[Path], None]
    distributed: bool = False


def _ignore(name: str) -> None:
    pass


def _go() -> None:
    pass


def run(
    stages: list[Stage],
    out: Path,
    *,
    on_start: Callable[[str], None] = _ignore,
    on_lock: Callable[[], None] = _go,
) -> Iterator[tuple[str, float | None]]:
    """Run the stages that are not yet done, in order.

    Each stage stores a fingerprint of its settings and of all earlier stages. A folder with another
    fingerprint belongs to another run and is not touched. A stage that has lost a file it wrote is
    run again, together with all later stages.

    Args:
        stages: stages in order.
        out: folder of the run; the stage NAME works in `out/NAME`.
        on_start: called with the name of each stage that is about to run.
        on_lock: called once before the first stage runs, in exclusive use of the folder.

    Yields:
        Name and duration in seconds of each finished stage; None for one that was already done.

    Raises:
        InputError: the folder of a stage was made with other settings, or another process is
            running stages in `out`.
    """
    prints = fingerprints(stages)
    for i, fingerprint in enumerate(prints):
        _check_same_run(stages[i:], fingerprint, out)
    with ExitStack() as stack:
        if not all(is_done(out / stage.name) for stage in stages):
            stack.enter_context(exclusive(out))
            _reopen_after_loss([out / stage.name for stage in stages])
            on_lock()
        for stage, fingerprint in zip(stages, prints, strict=True):
            folder = out / stage.name
            if is_done(folder):
                yield stage.name, None
                continue
            on_start(stage.name)
            note = {"fingerprint": fingerprint, "settings": dict(stage.settings)}
            _write(folder / _DONE, note | {"done": False})
            started = time.monotonic()
            stage.work(folder)
            seconds = round(time.monotonic() - started, 1)
            files = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != LOCK)
            _write(folder / _DONE, note | {"done": True, "seconds": seconds, "files": files})
            yield stage.name, seconds


def fingerprints(stages: list[Stage]) -> list[str]:
    """A digest per stage of its settings and all earlier ones: 64 hexadecimal digits."""
    prints: list[str] = []
    for stage in stages:
        text = json.dumps([prints[-1:], stage.name, dict(stage.settings)], sort_keys=True)
        prints.append(hashlib.sha256(text.encode()).hexdigest())
    return prints


def is_done(folder: Path) -> bool:
    """Whether the stage of a folder has finished and still has its files."""
    note = _read(folder / _DONE)
    return bool(note.get("done")) and not _lost(folder, note)


def _lost(folder: Path, note: Mapping[str, Any]) -> list[str]:
    """Files that a finished stage wrote and that are missing."""
    return [name for name in note.get("files", ()) if not (folder / name).exists()]


def _reopen_after_loss(folders: list[Path]) -> None:
    """Mark the first finished stage that has lost a file, and all later ones, as not done."""
    reopen = False
    for folder in folders:
        note = _read(folder / _DONE)
        if note.get("done") and not reopen and (lost := _lost(folder, note)):
            reopen = True
            logger.warning("%s is missing: its stage is run again", folder / lost[0])
        if note and reopen:
            _write(folder / _DONE, note | {"done": False})


def _check_same_run(stages: list[Stage], fingerprint: str, out: Path) -> None:
    found = _read(out / stages[0].name / _DONE)
    if not found or found["fingerprint"] == fingerprint:
        return
    folders = " ".join(str(out / s.name) for s in stages if (out / s.name).exists())
    raise InputError(
        f"{out / stages[0].name} was made {_difference(found['settings'], stages[0].settings)}: "
        f"choose another --out, or remove {folders}"
    )


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    for key in sorted(old.keys() | new.keys()):
        before, now = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(now, dict) and before != now:
            inner = next(
                k for k in sorted(before.keys() | now.keys()) if before.get(k) != now.get(k)
            )
            return f"with {key}.{inner} = {before.get(inner)!r}, not {now.get(inner)!r}"
        if before != now:
            return f"with {key} = {before!r}, not {now!r}"
    return "from other earlier stages"


def _read(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        note = None
    if not isinstance(note, dict) or not {"fingerprint", "settings", "done"} <= note.keys():
        raise InputError(f"{path} is damaged: remove {path.parent}")
    return note


def _write(path: Path, note: dict[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(note, indent=1) + "\n")
