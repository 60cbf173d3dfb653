"""The card of a model file: where it comes from, what it takes and what it is, as JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.geometry import MARGIN
from device.model.card import card_path
from device.system.atomic_file import replacing
from device.system.gzip_size import gzip_size
from quantization.normalization import Normalization
from quantization.tflite.precision import INTEGER, Precision

_RENAMED = {"normalisation": "normalization", "colour": "color"}
"""Names that earlier cards have, and the names of now."""


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
) -> Path:
    """Write the card of a model file; an older card of it is replaced.

    Args:
        model: the finished `.tflite` file, which is read for its digest and size.
        name: of the model, such as the recipe's.
        head: that the file answers for.
        labels: in the order of the output.
        precision: of the file.
        normalization: of the model; in a float file it is inside the graph.
        recipe: every number the training depended on.
        data: what the model was trained on: "digest", "name", "synthetic".
        parent_sha256: digest of the file with the weights this one was made of.
        margin: of the face crops it was trained on, as a fraction of the face's box; the runner
            crops alike.
        calibration: how a finished float file was quantized; no such entry when left out.

    Returns:
        The card's path.

    Raises:
        InputError: no such model file, or `data` lacks one of its three entries.
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
    """Write the card of a file that another input and output make of a finished model file.

    What the parent's card says of training stays; its metrics do not, which are of that file. Of a
    parent without a card nothing is known but its digest and its labels.

    Args:
        file: beside which the card stands.
        content: of the model in it.
        parent: the model file that it was made of.
        labels: in the order of the output.
        io: dtype of input and output.
        color: of the input, "gray" or "rgb".
        normalization: of the model, where the parent's card does not say it.
        more: further entries.

    Returns:
        The card's path.

    Raises:
        InputError: the parent's card cannot be read, or is another file's.
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
        InputError: there is no card, it is not JSON, or it is the card of another file.
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
    """Add figures to the metrics of a model file's card, in place of figures of the same name."""
    card = read(model)
    card["metrics"] |= metrics
    return _save(card, card_path(model))


def add_decision(model: Path, decision: Mapping[str, Any]) -> Path:
    """Write the threshold and the prior, which the runner reads, into a model file's card."""
    return _save(read(model) | {"decision": dict(decision)}, card_path(model))


def sha256(path: Path) -> str:
    """Digest of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_new_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of a card's input, also where an earlier fer-edge wrote them."""
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
