"""The TOML file that says how a model of others is fed, and what its outputs mean."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.textfile import read_toml
from device.errors import InputError
from device.labels import HEADS

DTYPES = ("int8", "uint8", "float32")
RESIZES = ("area", "linear")


@dataclass(frozen=True)
class Spec:
    """How a model is fed and read.

    Attributes:
        name: that it has in the results.
        head: "fer2013" or "ferplus": the label set that it is measured against.
        labels: of its outputs, in their order, in the words of that label set.
        size: height and width of its input, in pixels.
        mean: with `std`: its input is (pixel - mean) / std, pixels being 0..255.
        std: above 0.
        channels: 1, or 3 alike ones.
        resize: how a face of 48x48 comes to that size, "area" or "linear".
        dtype: of the input, to be checked; None for whatever it is.
        softmax: whether its outputs are logits, which a softmax has to follow.
    """

    name: str
    head: str
    labels: tuple[str, ...]
    size: tuple[int, int]
    mean: float
    std: float
    channels: int = 1
    resize: str = "linear"
    dtype: str | None = None
    softmax: bool = False

    def describe(self) -> dict[str, Any]:
        """Give the `peer` block of `results.json`."""
        return asdict(self) | {"labels": list(self.labels), "size": list(self.size)}


def assign(models: Sequence[Path], files: Sequence[Path]) -> dict[Path, Spec]:
    """Read descriptions, and find for each the model that it is about.

    Args:
        models: all of the session.
        files: TOML files; one that names no `model` is about the one that is called as it is.

    Raises:
        InputError: a description is wrong, or is about none of the models or one that has one.
    """
    specs: dict[Path, Spec] = {}
    for file in files:
        spec, named = load(file)
        found = [
            model
            for model in models
            if (model.resolve() == named.resolve() if named else model.stem == file.stem)
        ]
        if not found:
            wanted = named or f"{file.stem}.tflite"
            raise InputError(f"{file} describes {wanted}, which is not among the models: give it")
        for model in found:
            if model in specs:
                raise InputError(f"{file}: {model} is described twice: leave one out")
            specs[model] = spec
    return specs


def load(file: Path) -> tuple[Spec, Path | None]:
    """Read a description, and which model file it names.

    Raises:
        InputError: it is missing, no TOML, or wrong.
    """
    values = read_toml(file)
    for name, value in values.items():
        if name not in _WANTED:
            raise InputError(f"{file}: {name} is unknown: known are {', '.join(_WANTED)}")
        wanted, holds = _WANTED[name]
        if not holds(value):
            raise InputError(f"{file}: {name} is {value!r}: give {wanted}")
    missing = [name for name in _NEEDED if name not in values]
    if missing:
        raise InputError(f"{file} lacks {', '.join(missing)}")
    model, words = values.pop("model", None), values.pop("words", {})
    named = file.parent / model if model else None
    values["name"] = values.get("name") or (named or file).stem
    values["labels"] = _translate(values["labels"], words, values["head"], file)
    values["size"] = tuple(values["size"])
    return Spec(**values), named


def _translate(
    labels: Sequence[str], words: Mapping[str, str], head: str, file: Path
) -> tuple[str, ...]:
    ours = tuple(words.get(label, label) for label in labels)
    if sorted(ours) != sorted(HEADS[head]):
        raise InputError(
            f"{file}: labels are {', '.join(ours)}: give {', '.join(HEADS[head])} in the order of "
            "the outputs, or name its own words and what they are called here under [words]"
        )
    return ours


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


_WANTED: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("a text", lambda value: isinstance(value, str)),
    "model": ("the path of a .tflite file", lambda value: isinstance(value, str)),
    "head": (" or ".join(HEADS), lambda value: isinstance(value, str) and value in HEADS),
    "labels": ("a list of texts", lambda value: isinstance(value, list) and _is_texts(value)),
    "words": ("texts", lambda value: isinstance(value, dict) and _is_texts(value.values())),
    "size": (
        "[height, width] from 1 to 1024",
        lambda value: (
            isinstance(value, list)
            and len(value) == 2
            and all(type(side) is int and 1 <= side <= 1024 for side in value)
        ),
    ),
    "mean": ("a number", _is_number),
    "std": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "channels": ("1 or 3", lambda value: type(value) is int and value in (1, 3)),
    "resize": (" or ".join(RESIZES), lambda value: value in RESIZES),
    "dtype": (" or ".join(DTYPES), lambda value: value in DTYPES),
    "softmax": ("true or false", lambda value: isinstance(value, bool)),
}
_NEEDED = ("head", "labels", "size", "mean", "std")
