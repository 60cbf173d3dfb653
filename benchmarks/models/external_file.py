"""Read the TOML files that describe external models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from benchmarks.models.external_spec import Spec
from benchmarks.results.types.values import Channels, Dtype, Head, Layout, Resize
from benchmarks.textfile import read_toml
from device.errors import InputError
from device.labels import HEADS
from device.system.validation import explain


def _listed(value: Any) -> Any:
    """Read a single number as a list of one."""
    return value if isinstance(value, list) else [value]


def _output(value: Any) -> Any:
    if isinstance(value, str) or (type(value) is int and value >= 0):
        return value
    raise ValueError("give the number (from 0) or the name of an output")


_Side = Annotated[int, Field(strict=True, ge=1, le=1024)]


class Description(BaseModel):
    """Content of a description file; see `Spec` for the meaning of the keys.

    Attributes:
        name: name in the results; the name of the model file if None.
        model: path of the model file, relative to the description.
        words: label of the label set for each label that has another name.
    """

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    name: str | None = None
    model: str | None = None
    head: Head
    labels: list[str]
    words: dict[str, str] = Field(default_factory=dict)
    size: Annotated[tuple[_Side, _Side], Field(strict=False)]
    mean: Annotated[list[float], BeforeValidator(_listed), Field(min_length=1)]
    std: Annotated[
        list[Annotated[float, Field(gt=0)]], BeforeValidator(_listed), Field(min_length=1)
    ]
    channels: Channels = 1
    layout: Layout = "NHWC"
    resize: Resize = "linear"
    dtype: Dtype | None = None
    softmax: bool = False
    output: Annotated[int | str | None, BeforeValidator(_output)] = None


def assign(models: Sequence[Path], files: Sequence[Path]) -> dict[Path, Spec]:
    """Read description files and find the model that each is about.

    Args:
        models: all model files of the session.
        files: TOML files; one that names no `model` is about the model file with the same stem.

    Returns:
        Specification by model file; models without a description are left out.

    Raises:
        InputError: a description is wrong, or is about none of the models, or about one that
            another description is about.
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
    """Read a description file.

    Returns:
        The specification, and the model file if the description names one.

    Raises:
        InputError: the file is missing, is not TOML, or has an unknown key or a wrong value.
    """
    values = read_toml(file)
    try:
        description = Description.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{file}: {explain(error, Description, 'description')}") from error
    named = file.parent / description.model if description.model else None
    channels = description.channels
    spec = Spec(
        name=description.name or (named or file).stem,
        head=description.head,
        labels=_translate(description.labels, description.words, description.head, file),
        size=description.size,
        mean=_by_channel("mean", description.mean, channels, file),
        std=_by_channel("std", description.std, channels, file),
        **description.model_dump(
            include={"channels", "layout", "resize", "dtype", "softmax", "output"}
        ),
    )
    return spec, named


def _by_channel(key: str, values: list[float], channels: int, file: Path) -> tuple[float, ...]:
    if len(values) not in (1, channels):
        raise InputError(f"{file}: {key} has {len(values)} values for {channels} channels")
    return tuple(map(float, values * (channels if len(values) == 1 else 1)))


def _translate(
    labels: Sequence[str], words: Mapping[str, str], head: str, file: Path
) -> tuple[str, ...]:
    """Rename labels to those of the label set."""
    translated = tuple(words.get(label, label) for label in labels)
    if sorted(translated) != sorted(HEADS[head]):
        raise InputError(
            f"{file}: labels are {', '.join(translated)}: give {', '.join(HEADS[head])} in the "
            'order of the outputs, or list other names under [words], as Wut = "angry"'
        )
    return translated
