"""The part of a model's card that the runner needs: the card is the JSON file beside the model."""

import json
import math
from pathlib import Path

from device.errors import InputError
from device.geometry import MARGIN, check_margin


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
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        found = card["input"].get("margin", MARGIN)
    except FileNotFoundError:
        return MARGIN
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is no card of a model: export it again, or remove it") from error
    name = f"{path}: input.margin"
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise InputError(f"{name} is {str(found)[:40]!r}: give a number")
    return check_margin(float(found) if abs(found) <= 1e9 else math.inf, name)
