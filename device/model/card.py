"""The parts of a model's card that the runner needs; the card is the JSON file beside the model."""

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
"""Probability below which a face is "uncertain" where the model's card does not say it."""


def card_path(model: Path) -> Path:
    """Where the card of a model file stands: `fer2013_int8.tflite`, `fer2013_int8.card.json`."""
    return model.with_suffix(".card.json")


def margin(model: Path) -> float:
    """The margin of the face crop that a model was trained with, as a fraction of the face's box.

    Args:
        model: the `.tflite` file.

    Returns:
        The card's margin; `MARGIN` for a model without a card, or a card without a margin.

    Raises:
        InputError: the card cannot be read or is damaged, or its margin is out of range.
    """
    path = card_path(model)
    found = _entry(path, "input", "margin", default=MARGIN)
    return check_margin(_number(found, path, "input.margin"), f"{path}: input.margin")


def threshold(model: Path) -> float:
    """The probability below which a face is "uncertain", as the model's card says.

    Args:
        model: the `.tflite` file.

    Returns:
        The card's threshold; `THRESHOLD` for a model without a card, or a card without a threshold.

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
    """The share of each class in the model's training, as its card says.

    Args:
        model: the `.tflite` file.
        labels: the model's labels.

    Returns:
        float64 [labels], positive, in sum 1.

    Raises:
        InputError: there is no card, it has no such entry, or that is no prior of these labels.
    """
    path = card_path(model)
    shares = _entry(path, "decision", "prior", default=None)
    if shares is None:
        raise InputError(
            f"{path} does not say which share each class had in training: --prior needs a model "
            "that this version exported"
        )
    return check_prior(shares, labels, f"{path}: decision.prior")


def check_prior(shares: object, labels: Sequence[str], name: str) -> npt.NDArray[np.float64]:
    """Check the shares of classes, a JSON object of label to positive number.

    Args:
        shares: what was read.
        labels: the model's labels, each of which must be there, and no other.
        name: what the message calls it.

    Returns:
        float64 [labels], scaled to sum 1.

    Raises:
        InputError: it is not so.
    """
    if not isinstance(shares, dict) or set(shares) != set(labels):
        raise InputError(f"{name}: give one share for each of {', '.join(labels)}")
    values = [shares[label] for label in labels]
    if not all(_is_number(value) and 0 < value < math.inf for value in values):
        raise InputError(f"{name}: every share must be a number above 0")
    found = np.array(values, np.float64)
    return np.asarray(found / found.sum(), np.float64)


def _entry(path: Path, part: str, name: str, *, default: object) -> object:
    """An entry of a part of the card; the default without a card or the entry.

    Cards of all versions have the part "input"; those of earlier ones have no "decision".
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
        raise InputError(f"{path} is no card of a model: export it again, or remove it") from error


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object, path: Path, name: str) -> float:
    if not _is_number(value):
        raise InputError(f"{path}: {name} is {str(value)[:40]!r}: give a number")
    return float(value) if abs(value) <= 1e9 else math.inf
