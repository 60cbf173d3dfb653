"""Stages of a run: each has a folder, is done once, and knows what it was made from."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.system.atomic_file import replacing

_DONE = "stage.json"


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        name: of the stage and of its folder.
        settings: the values that its result depends on, as JSON types.
        work: does it, in the given folder; what it had done before an interruption, it finds there.
    """

    name: str
    settings: Mapping[str, Any]
    work: Callable[[Path], None]


def run(stages: list[Stage], out: Path) -> Iterator[tuple[str, float | None]]:
    """Do the stages that are not done yet, in order.

    Each leaves a fingerprint of its settings and of all stages before it. A folder with another
    fingerprint holds somebody's other run and is left alone.

    Args:
        stages: in order.
        out: the folder of the run; stage NAME works in `out/NAME`.

    Yields:
        After each stage its name and seconds, None for one that was done already.

    Raises:
        InputError: a stage's folder was made with other settings.
    """
    prints = fingerprints(stages)
    for i, fingerprint in enumerate(prints):
        _check_same_run(stages[i:], fingerprint, out)
    for stage, fingerprint in zip(stages, prints, strict=True):
        marker = out / stage.name / _DONE
        if _read(marker).get("done"):
            yield stage.name, None
            continue
        note = {"fingerprint": fingerprint, "settings": dict(stage.settings)}
        _write(marker, note | {"done": False})
        started = time.monotonic()
        stage.work(out / stage.name)
        seconds = round(time.monotonic() - started, 1)
        _write(marker, note | {"done": True, "seconds": seconds})
        yield stage.name, seconds


def fingerprints(stages: list[Stage]) -> list[str]:
    """For each stage a digest of its settings and of all before it: 64 hexadecimal digits."""
    prints: list[str] = []
    for stage in stages:
        text = json.dumps([prints[-1:], stage.name, dict(stage.settings)], sort_keys=True)
        prints.append(hashlib.sha256(text.encode()).hexdigest())
    return prints


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
    except ValueError:
        note = None
    if not isinstance(note, dict) or not {"fingerprint", "settings", "done"} <= note.keys():
        raise InputError(f"{path} is damaged: remove {path.parent}")
    return note


def _write(path: Path, note: dict[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(note, indent=1) + "\n")
