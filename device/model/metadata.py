"""The input normalization in the standard metadata of a `.tflite` file.

The field numbers are those of `metadata_schema.fbs` (schema version 1.1.0) in
tensorflow/tflite-support. The metadata is a buffer of the model, itself a flatbuffer.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import InputError
from device.model.flatbuffer import DamagedError, Flatbuffer, Table

_BUFFER_NAME = "TFLITE_METADATA"
_NORMALIZATION_OPTIONS = 1  # in the union ProcessUnitOptions
_MIN_STD = 1e-6


@dataclass(frozen=True)
class Normalization:
    """Normalization of a pixel before the net: (pixel - mean) / std, without quantization.

    Attributes:
        mean: one value, or one per channel, in units of pixels 0..255.
        std: the same number of values, above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def for_channels(self, channels: int, path: Path) -> "Normalization":
        """One mean and std for each channel of the input.

        Args:
            channels: number of channels of the model's input.
            path: path of the model file, for the message.

        Raises:
            InputError: the file has another number of values.
        """
        if len(self.mean) not in (1, channels):
            raise InputError(
                f"{path}: its metadata normalizes {len(self.mean)} channels and its input has "
                f"{channels}: export it again with one mean and std, or one for each channel"
            )
        if len(self.mean) == channels:
            return self
        return Normalization(self.mean * channels, self.std * channels)


def read_normalization(content: bytes, path: Path) -> Normalization | None:
    """Read the normalization of the first input from a file's standard metadata.

    Args:
        content: content of the whole model file.
        path: path of the file, for the message.

    Returns:
        The normalization; None if the file has no metadata or no normalization.

    Raises:
        InputError: the metadata is damaged, or its values are not valid for a normalization.
    """
    try:
        options = _normalization_options(Flatbuffer(content))
        if options is None:
            return None
        mean = tuple(options.values(0, np.float32).astype(float).tolist())
        std = tuple(options.values(1, np.float32).astype(float).tolist())
    except DamagedError as error:
        raise InputError(
            f"{path}: its metadata is damaged: {error}; copy it again, or export it again"
        ) from error
    if not mean and not std:
        return None
    if len(mean) != len(std):
        raise InputError(
            f"{path}: its metadata names {len(mean)} means and {len(std)} standard deviations: "
            "export it again with as many of both"
        )
    if not all(map(math.isfinite, (*mean, *std))) or min(std) < _MIN_STD:
        raise InputError(
            f"{path}: its metadata normalizes with mean {_listed(mean)} and std {_listed(std)}: "
            "export it again with finite values and std above 0"
        )
    return Normalization(mean, std)


def _normalization_options(file: Flatbuffer) -> Table | None:
    """NormalizationOptions of the first input of the first subgraph."""
    model = file.root()
    entry = next((e for e in model.tables(6) if e.text(0) == _BUFFER_NAME), None)
    if entry is None:
        return None
    number, buffers = entry.number(1, "I"), list(model.tables(4))
    if number >= len(buffers):
        raise DamagedError(f"it refers to buffer {number}, which the file does not have")
    content = buffers[number].values(0, np.uint8).tobytes()
    if not content:
        return None
    subgraph = next(iter(Flatbuffer(content).root().tables(3)), None)
    tensor = None if subgraph is None else next(iter(subgraph.tables(2)), None)
    if tensor is None:
        return None
    for unit in tensor.tables(4):
        if unit.number(0, "B") == _NORMALIZATION_OPTIONS:
            return unit.table(1)
    return None


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
