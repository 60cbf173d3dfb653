"""Weights of a model as one `.npz`: arrays in the order of `model.weights`."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import InputError
from device.system.atomic_file import replacing


def save(model: Any, path: Path) -> None:
    """Write the weights of a model atomically."""
    with replacing(path) as partial, partial.open("wb") as handle:
        np.savez(handle, *model.get_weights())


def load(model: Any, path: Path) -> None:
    """Load weights from a file written by `save` into a model.

    Raises:
        InputError: the file is missing, is not a weights file, or belongs to another model.
    """
    try:
        with np.load(path) as arrays:
            values = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a weights file of fer-edge: {error}") from error
    shapes = [tuple(w.shape) for w in model.weights]
    if shapes != [v.shape for v in values]:
        raise InputError(f"{path} contains the weights of another model than {model.name}")
    model.set_weights(values)
