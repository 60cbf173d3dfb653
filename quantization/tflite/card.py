"""Model cards: provenance, input, output and metrics of a model file, as JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.geometry import MARGIN
from device.labels import OCCLUSION
from device.model.card import card_path
from device.system.atomic_file import replacing
from device.system.gzip_size import gzip_size
from device.system.sha256sums import sha256 as sha256
from quantization.normalization import Normalization
from quantization.tflite.precision import INTEGER, Precision

_RENAMED = {"normalisation": "normalization", "colour": "color"}
"""Key names of cards from earlier versions, and the current names."""


def write(
    model: Path,
    *,
    name: str,
    head: str,
    labels: Sequence[str],
    precision: Precision,
    normalization: Normalization,
    recipe: Mapping[str, Any],
    data: Mapping[str, Any],
    parent_sha256: str | None,
    margin: float = MARGIN,
    calibration: Mapping[str, Any] | None = None,
    parts: Sequence[str] = (),
) -> Path:
    """Write the card of a model file; an existing card is replaced.

    Args:
        model: finished `.tflite` file; its digest and size are read.
        name: model name, such as the recipe's.
        head: name of the output head in the file.
        labels: labels, in the order of the output.
        precision: precision of the file.
        normalization: normalization of the model; in a float file it is inside the graph.
        recipe: all settings of the training.
        data: training data: "digest", "name", "synthetic".
        parent_sha256: SHA-256 digest of the file with the weights this file was made from.
        margin: margin of the face crops in training, as a fraction of the face box; the runner
            uses the same.
        calibration: how a finished float file was quantized; the entry is left out if None.
        parts: labels of the second output, the hidden part of the face; the entry `outputs` is left
            out without one.

    Returns:
        The card's path.

    Raises:
        InputError: the model file cannot be read, or `data` lacks one of its three entries.
    """
    missing = {"digest", "name", "synthetic"} - set(data)
    if missing:
        raise InputError(f"the card's data lacks {', '.join(sorted(missing))}")
    try:
        content = model.read_bytes()
    except OSError as error:
        raise InputError(f"{model} cannot be read for its card: {error.strerror}") from error
    integer = precision in INTEGER
    card = {
        "name": name,
        "head": head,
        "labels": list(labels),
        "precision": precision,
        "input": {
            "shape": [1, 48, 48, 1],
            "dtype": "int8" if integer else "float32",
            "values": "pixel - 128" if integer else "pixel 0..255",
            "normalization": {"mean": normalization.mean, "std": normalization.std},
            "margin": margin,
        },
        "recipe": dict(recipe),
        "data": dict(data),
        "parent_sha256": parent_sha256,
        **_measures(content),
        "metrics": {},
        "created_by": f"fer-edge {version('fer-edge')}",
    }
    if parts:
        outputs = {"probability": labels, OCCLUSION: parts}
        card["outputs"] = [{"name": k, "labels": list(v)} for k, v in outputs.items()]
    if calibration is not None:
        card["calibration"] = dict(calibration)
    return _save(card, card_path(model))


def derive(
    file: Path,
    content: bytes,
    parent: Path,
    *,
    labels: Sequence[str],
    io: str,
    color: str,
    normalization: Normalization,
    more: Mapping[str, Any],
) -> Path:
    """Write the card of a model file with another input and output than its parent.

    Training entries are copied from the parent's card; its metrics are not, since they were
    measured on the parent. A parent without a card gives only its digest and labels.

    Args:
        file: file to write the card for; the card is written next to it.
        content: content of the model file.
        parent: model file that it was made from.
        labels: labels, in the order of the output.
        io: dtype of input and output.
        color: color format of the input, "gray" or "rgb".
        normalization: normalization of the model, if the parent's card does not contain it.
        more: further entries.

    Returns:
        The card's path.

    Raises:
        InputError: the parent's card cannot be read, or belongs to another file.
    """
    known: dict[str, Any] = {"name": parent.stem, "head": None, "precision": None}
    known |= {"input": {}, "recipe": None, "data": None}
    if card_path(parent).is_file():
        known = read(parent)
    values = {"int8": "pixel - 128", "uint8": "pixel", "float32": "pixel 0..255"}
    described = {
        "shape": [1, 48, 48, 3 if color == "rgb" else 1],
        "color": "red, green, blue" if color == "rgb" else "gray",
        "dtype": io,
        "values": values[io],
        "normalization": known["input"].get(
            "normalization", {"mean": normalization.mean, "std": normalization.std}
        ),
        "margin": known["input"].get("margin", MARGIN),
    }
    card = {
        **known,
        "labels": list(labels),
        "input": described,
        "output": {"dtype": io},
        "parent_sha256": sha256(parent),
        **_measures(content),
        "metrics": {},
        "created_by": f"fer-edge {version('fer-edge')}",
        **more,
    }
    return _save(card, card_path(file))


def read(model: Path) -> dict[str, Any]:
    """Read the card of a model file.

    Raises:
        InputError: there is no card, it is not JSON, or it belongs to another file.
    """
    path = card_path(model)
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        digest = sha256(model)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a card: {error}") from error
    if not isinstance(card, dict) or card.get("sha256") != digest:
        raise InputError(f"{path} is the card of another file than {model.name}: export it again")
    if not isinstance(card.get("input"), dict):
        return card
    return card | {"input": _with_new_names(card["input"])}


def add_metrics(model: Path, metrics: Mapping[str, Any]) -> Path:
    """Add metrics to a model file's card; existing ones of the same name are replaced."""
    card = read(model)
    card["metrics"] |= metrics
    return _save(card, card_path(model))


def add_decision(model: Path, decision: Mapping[str, Any]) -> Path:
    """Write the decision threshold and class prior, which the runner uses, to a model's card."""
    return _save(read(model) | {"decision": dict(decision)}, card_path(model))


def _with_new_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The input entries of a card, with names of earlier versions replaced by the current ones."""
    return {_RENAMED.get(key, key): value for key, value in values.items()}


def _measures(content: bytes) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "bytes_gzip": gzip_size(content),
    }


def _save(card: dict[str, Any], path: Path) -> Path:
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path
