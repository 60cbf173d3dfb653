"""Card of an audio or text model: JSON beside the model file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from device.model.card import card_path
from device.system.atomic_file import replacing
from device.system.gzip_size import gzip_size


def write(
    model: Path,
    *,
    name: str,
    modality: str,
    labels: Sequence[str],
    model_input: Mapping[str, Any],
    recipe: Mapping[str, Any],
    data: Mapping[str, Any],
    metrics: Mapping[str, Any],
    decision: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the card of a model file; an existing card is replaced.

    Args:
        model: `.tflite` file whose digest and size are recorded.
        name: name of the model, such as the recipe's.
        modality: "audio" or "text".
        labels: labels in the order of the output.
        model_input: dtype, shape and meaning of the input.
        recipe: all settings of the training.
        data: name, license and digest of the data, and whether it is synthetic.
        metrics: `accuracy` on test and other figures measured on the model file.
        decision: decision parameters for the runner, chosen on val: `threshold`, and `fusion` with
            the weight and temperature of the modality.

    Returns:
        The card.
    """
    content = model.read_bytes()
    card = {
        "name": name,
        "modality": modality,
        "labels": list(labels),
        "precision": "int8",
        "input": dict(model_input),
        "recipe": dict(recipe),
        "data": dict(data),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "bytes_gzip": gzip_size(content),
        "metrics": dict(metrics),
        "decision": dict(decision),
        "created_by": f"fer-edge {version('fer-edge')}",
    }
    with replacing(card_path(model)) as partial:
        partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return card
