"""Class priors at run time: replaces the class frequencies of training with others.

Logit adjustment (Menon et al. 2021) and prior correction (Saerens et al. 2002): probabilities are
multiplied by new frequency over training frequency, to a power, and normalized.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model import card
from device.model.file import ModelFile
from device.system.read_file import read_file

NONE = "none"
UNIFORM = "uniform"
_MAX_BYTES = 1 << 20


def weights(prior: str, exponent: float, model: Path) -> npt.NDArray[np.float32] | None:
    """The factors of the probabilities of a model file.

    Args:
        prior: as in `factors`.
        exponent: as in `factors`.
        model: path of the `.tflite` file, whose card holds the training frequencies.

    Returns:
        Factors, float32 [labels]; None for "none".

    Raises:
        InputError: the card or the file lacks frequencies of these labels, or the exponent is out
            of range.
    """
    if prior == NONE:
        return None
    labels = ModelFile(model).labels
    return factors(prior, exponent, labels, card.prior(model, labels))


def factors(
    prior: str, exponent: float, labels: Sequence[str], trained: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32] | None:
    """The factors of the probabilities.

    Args:
        prior: "none"; "uniform" for equally frequent classes; or the path of a JSON file of label
            to frequency.
        exponent: power of the factors, 0 (no change) to 1 (full correction).
        labels: the model's labels.
        trained: class frequencies of the training, float64 [labels], positive.

    Returns:
        Factors, float32 [labels]; None for "none".

    Raises:
        InputError: the file lacks frequencies of these labels, or the exponent is out of range.
    """
    if prior == NONE:
        return None
    if not 0 <= exponent <= 1:
        raise InputError(f"prior exponent {exponent}: give 0 to 1")
    wanted = np.full(len(labels), 1 / len(labels))
    if prior != UNIFORM:
        wanted = card.check_prior(_shares(Path(prior)), labels, f"--prior {prior}")
    return np.asarray((wanted / trained) ** exponent, np.float32)


def _shares(path: Path) -> object:
    try:
        return json.loads(read_file(path, "prior", limit=_MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f'{path} is not a JSON object of label to frequency, such as {{"happy": 0.2}}'
        ) from error
