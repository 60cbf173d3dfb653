"""Match the models of two results files, and the models that a glob names.

The display name of a model depends on the other models in its session. So models are matched by a
name given in a description, by the path that was measured, or by the bytes of the file.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


def matches(model: "ModelResult", glob: str) -> bool:
    """Whether a glob matches a model's name, its file name, or its folders and file name.

    `fer2013_int8`, `base-fer2013_int8` and `zoo-base-fer2013_int8` all match
    `zoo/base/fer2013_int8.tflite`, regardless of the other models in the session.
    """
    return any(fnmatchcase(name, glob) for name in (model["name"], *_path_names(model)))


def pair(
    models: Sequence["ModelResult"], others: Sequence["ModelResult"]
) -> dict[str, "ModelResult"]:
    """Match the models of a session with those of another one.

    These keys are tried in order: the name given in the description of an external model, the path,
    the longest common end of the paths with at least one folder, the digest, the file name. A match
    counts only if it is unique on both sides; models with different label sets never match.

    Args:
        models: `models` of the session.
        others: `models` of the other session.

    Returns:
        By name in the session, the entry in the other one. Models without a match are omitted.
    """
    found: dict[str, ModelResult] = {}
    left, right = list(models), list(others)
    longest = max((len(_parts(model)) for model in [*models, *others]), default=1)
    keys: list[Callable[[ModelResult], Hashable | None]] = [
        lambda model: model["name"] if model["peer"] else None,
        lambda model: model["path"],
        *(partial(_end, count) for count in range(longest, 1, -1)),
        lambda model: model["sha256"],
        partial(_end, 1),
    ]
    for key in keys:
        for model in list(left):
            identity = key(model)
            if identity is None:
                continue
            here = [one for one in left if _same(one, model, key)]
            there = [one for one in right if _same(one, model, key)]
            if len(here) == len(there) == 1:
                found[model["name"]] = there[0]
                left.remove(model)
                right.remove(there[0])
    return found


def _same(
    one: "ModelResult", other: "ModelResult", key: Callable[["ModelResult"], Hashable | None]
) -> bool:
    return one["head"] == other["head"] and key(one) == key(other)


def _parts(model: "ModelResult") -> tuple[str, ...]:
    return PurePath(model["path"].replace("\\", "/")).parts


def _end(count: int, model: "ModelResult") -> tuple[str, ...] | None:
    parts = _parts(model)
    return parts[-count:] if len(parts) >= count else None


def _path_names(model: "ModelResult") -> list[str]:
    """Return the names that can be formed from a model's path, the shortest first."""
    *folders, file = _parts(model)
    stem = PurePath(file).stem
    return [
        re.sub(r"[^\w.-]+", "-", "-".join((*folders[len(folders) - depth :], stem)))
        for depth in range(len(folders) + 1)
    ]
