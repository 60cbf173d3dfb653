"""TOML files that describe how external models are fed and what their outputs mean."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.textfile import read_toml
from device.errors import InputError
from device.labels import HEADS

if TYPE_CHECKING:
    from benchmarks.results.types import ExternalModelDescription

DTYPES = ("int8", "uint8", "float32")
RESIZES = ("area", "linear")
LAYOUTS = ("NHWC", "NCHW")


@dataclass(frozen=True)
class Spec:
    """How a model is fed and read.

    Attributes:
        name: name in the results.
        head: "fer2013" or "ferplus": the label set that it is measured against.
        labels: classes in the order of the output, in the words of that label set.
        size: height and width of the input in pixels; an input of dynamic size is set to it.
        mean: for each channel; the input is (pixel - mean) / std for pixels 0..255.
        std: for each channel, above 0.
        channels: 1, or 3 with the same gray values.
        layout: order of the input's axes, "NHWC" or "NCHW".
        resize: interpolation from 48x48 to `size`, "area" or "linear".
        dtype: dtype that the input must have; None for any.
        softmax: whether the outputs are logits, which a softmax has to follow.
        output: number or name of the output with the classes; None for the only one.
    """

    name: str
    head: str
    labels: tuple[str, ...]
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: int = 1
    layout: str = "NHWC"
    resize: str = "linear"
    dtype: str | None = None
    softmax: bool = False
    output: int | str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input, with a batch of one."""
        if self.layout == "NCHW":
            return (1, self.channels, *self.size)
        return (1, *self.size, self.channels)

    def describe(self) -> "ExternalModelDescription":
        """Give the `peer` block of `results.json`."""
        fields = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        return cast("ExternalModelDescription", fields)

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> "Spec":
        """Read what `describe` gave."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**fields)


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
    channels = values.get("channels", 1)
    for key in ("mean", "std"):
        given = values[key] if isinstance(values[key], list) else [values[key]]
        if len(given) not in (1, channels):
            raise InputError(f"{file}: {key} has {len(given)} values for {channels} channels")
        values[key] = tuple(map(float, given * (channels if len(given) == 1 else 1)))
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


def _is_numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(map(_is_number, values))


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
    "mean": ("a number, or one for each channel", lambda value: _is_numbers(value)),
    "std": (
        "a number above 0, or one for each channel",
        lambda value: _is_numbers(value) and min(value if isinstance(value, list) else [value]) > 0,
    ),
    "channels": ("1 or 3", lambda value: type(value) is int and value in (1, 3)),
    "layout": (" or ".join(LAYOUTS), lambda value: value in LAYOUTS),
    "resize": (" or ".join(RESIZES), lambda value: value in RESIZES),
    "dtype": (" or ".join(DTYPES), lambda value: value in DTYPES),
    "softmax": ("true or false", lambda value: isinstance(value, bool)),
    "output": (
        "the number or the name of an output",
        lambda value: isinstance(value, str) or (type(value) is int and value >= 0),
    ),
}
_NEEDED = ("head", "labels", "size", "mean", "std")
