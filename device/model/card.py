"""The entries of a model card that the runner uses; the card is the JSON file next to the model."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.geometry import MARGIN, check_margin

THRESHOLD = 0.4
"""Default probability below which a face is "uncertain", for cards without a threshold."""


def card_path(model: Path) -> Path:
    """Path of a model's card: `fer2013_int8.card.json` for `fer2013_int8.tflite`."""
    return model.with_suffix(".card.json")


FUSION = (0.5, 1.0)
"""Weight and temperature in the fusion of a model whose card does not say them."""


def margin(model: Path) -> float:
    """The margin of the face crop that a model was trained with, as a fraction of the face's box.

    Args:
        model: path of the `.tflite` file.

    Returns:
        The card's margin; `MARGIN` without a card, or for a card without a margin.

    Raises:
        InputError: the card cannot be read or is damaged, or its margin is out of range.
    """
    path = card_path(model)
    found = _entry(path, "input", "margin", default=MARGIN)
    return check_margin(_number(found, path, "input.margin"), f"{path}: input.margin")


def threshold(model: Path) -> float:
    """The probability below which a face is "uncertain", from the model's card.

    Args:
        model: path of the `.tflite` file.

    Returns:
        The card's threshold; `THRESHOLD` without a card, or for a card without a threshold.

    Raises:
        InputError: the card cannot be read or is damaged, or its threshold is not 0 to 1.
    """
    path = card_path(model)
    found = _number(
        _entry(path, "decision", "threshold", default=THRESHOLD), path, "decision.threshold"
    )
    if not 0 <= found <= 1:
        raise InputError(f"{path}: decision.threshold is {found:g}: give 0 to 1")
    return found


def prior(model: Path, labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """The frequency of each class in the model's training data, from its card.

    Args:
        model: path of the `.tflite` file.
        labels: labels of the model.

    Returns:
        Frequencies, float64 [labels], positive, sum 1.

    Raises:
        InputError: there is no card, it has no prior, or the prior does not match the labels.
    """
    path = card_path(model)
    shares = _entry(path, "decision", "prior", default=None)
    if shares is None:
        raise InputError(
            f"{path} does not contain the class frequencies in training: --prior needs a model "
            "exported by this version"
        )
    return check_prior(shares, labels, f"{path}: decision.prior")


def fusion(model: Path) -> tuple[float, float]:
    """Weight and temperature of a model's predictions in the fusion of modalities.

    Args:
        model: the `.tflite` file.

    Returns:
        The card's weight, 0 or more, and temperature, above 0; `FUSION` for a model without a card,
        or a card without them.

    Raises:
        InputError: the card cannot be read or is damaged, or a value is out of range.
    """
    path = card_path(model)
    found = _entry(path, "decision", "fusion", default=None)
    if found is None:
        return FUSION
    if not isinstance(found, dict):
        raise InputError(f"{path}: decision.fusion is not an object: export the model again")
    weight = _number(found.get("weight"), path, "decision.fusion.weight")
    temperature = _number(found.get("temperature"), path, "decision.fusion.temperature")
    if not (0 <= weight < math.inf and 0 < temperature < math.inf):
        raise InputError(f"{path}: decision.fusion: give weight 0 or more, temperature above 0")
    return weight, temperature


def check_prior(shares: object, labels: Sequence[str], name: str) -> npt.NDArray[np.float64]:
    """Check class frequencies, a JSON object of label to positive number.

    Args:
        shares: parsed JSON value.
        labels: labels of the model; the object must have exactly these keys.
        name: name of the value in the error message.

    Returns:
        Frequencies, float64 [labels], scaled to sum 1.

    Raises:
        InputError: the value is not such an object.
    """
    if not isinstance(shares, dict) or set(shares) != set(labels):
        raise InputError(f"{name}: give one frequency for each of {', '.join(labels)}")
    values = [shares[label] for label in labels]
    if not all(_is_number(value) and 0 < value < math.inf for value in values):
        raise InputError(f"{name}: every frequency must be a number above 0")
    found = np.array(values, np.float64)
    return np.asarray(found / found.sum(), np.float64)


def _entry(path: Path, part: str, name: str, *, default: object) -> object:
    """An entry in a section of the card; the default if the card or the entry is missing.

    Cards of all versions have the section "input"; earlier ones have no "decision".
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        section = card["input"] if part == "input" else card.get(part, {})
        return section.get(name, default)
    except FileNotFoundError:
        return default
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not a model card: export it again, or remove it") from error


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object, path: Path, name: str) -> float:
    if not _is_number(value):
        raise InputError(f"{path}: {name} is {str(value)[:40]!r}: give a number")
    return float(value) if abs(value) <= 1e9 else math.inf
