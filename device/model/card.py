"""What the runner needs of a model's card, the JSON file beside the model."""

import json
import math
from pathlib import Path

from device.errors import InputError
from device.geometry import MARGIN


def card_path(model: Path) -> Path:
    """Where the card of a model file stands: `fer2013_int8.tflite`, `fer2013_int8.card.json`."""
    return model.with_suffix(".card.json")


def margin(model: Path) -> float:
    """The margin of the face crop that a model was trained with, as a fraction of the face's box.

    Args:
        model: the `.tflite` file.

    Returns:
        What the card says; `MARGIN` for a model without a card, or a card without a margin.

    Raises:
        InputError: the card cannot be read, or its margin is no number above -0.5.
    """
    path = card_path(model)
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        found = card["input"].get("margin", MARGIN)
    except FileNotFoundError:
        return MARGIN
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no card of a model: export it again, or remove it") from error
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if not number or not math.isfinite(found) or found <= -0.5:
        raise InputError(f"{path}: input.margin is {found!r}: give a number above -0.5")
    return float(found)
