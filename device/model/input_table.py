"""The input value for each pixel value: normalization and quantization in one table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model.metadata import Normalization

# (mean, std) of x = (pixel - mean) / std; with each of them a byte represents a pixel exactly.
_EXACT = ((128.0, 128.0), (0.0, 255.0), (0.0, 1.0))
_PIXELS = np.arange(256)
_MIN_LEVELS = 200  # of 256: an input that clips more was calibrated on another range


@dataclass(frozen=True)
class TensorDetails:
    """Interpretation of the values of an input or output tensor.

    Attributes:
        dtype: int8, uint8 or float32.
        scale: real value = scale * (value - zero_point); 0 for float32.
        zero_point: quantized value of 0; 0 for float32.
    """

    dtype: np.dtype[Any]
    scale: float
    zero_point: int


def input_table(
    details: TensorDetails, normalization: Normalization | None, path: Path
) -> npt.NDArray[Any]:
    """Compute the input value of each pixel value 0..255 of a single-channel input.

    With a normalization in the metadata the input is (pixel - mean) / std, quantized if the input
    is. Without one, a float input is the pixel value, and a quantized input is the byte pixel
    (uint8) or pixel - 128 (int8), which must be exact under a common normalization.

    Args:
        details: dtype, scale and zero point of the input.
        normalization: from the file's metadata; None if it names none.
        path: path of the model file, for the message.

    Returns:
        Table, [256], in the dtype of the input.

    Raises:
        InputError: the normalization has more than one channel, or does not fit the quantization.
    """
    if normalization is None:
        return _without_metadata(details, path)
    per_channel = normalization.for_channels(1, path)
    real = (_PIXELS - per_channel.mean[0]) / per_channel.std[0]
    if details.dtype == np.float32:
        return real.astype(np.float32)
    limits = np.iinfo(details.dtype)
    values = np.clip(_quantized(real, details), limits.min, limits.max)
    if len(np.unique(values)) < _MIN_LEVELS:
        raise InputError(
            f"{path}: its metadata normalizes by (pixel - {per_channel.mean[0]:g}) / "
            f"{per_channel.std[0]:g}, which its {details.dtype} input (scale {details.scale:g}, "
            f"zero point {details.zero_point}) cannot hold: export it again with the "
            "normalization that it was calibrated with"
        )
    return values.astype(details.dtype)


def _without_metadata(details: TensorDetails, path: Path) -> npt.NDArray[Any]:
    if details.dtype == np.float32:
        return _PIXELS.astype(np.float32)
    values = _PIXELS - 128 if details.dtype == np.int8 else _PIXELS
    for mean, std in _EXACT:
        if np.array_equal(_quantized((_PIXELS - mean) / std, details), values):
            return values.astype(details.dtype)
    rule = "pixel - 128" if details.dtype == np.int8 else "pixel"
    raise InputError(
        f"{path}: its {details.dtype} input (scale {details.scale:g}, zero point "
        f"{details.zero_point}) is not byte = {rule}: calibrate it on the full range 0..255 "
        "normalized by (pixel - 128) / 128, pixel / 255 or not at all"
    )


def _quantized(real: npt.NDArray[Any], details: TensorDetails) -> npt.NDArray[Any]:
    quantized: npt.NDArray[Any] = np.rint(real / details.scale) + details.zero_point
    return quantized
