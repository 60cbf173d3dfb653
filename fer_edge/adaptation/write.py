"""Converts, verifies and writes an adapted model with its card."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.model.card import card_path
from device.system.atomic_file import replacing
from fer_edge.adaptation.parent import Parent
from quantization.normalization import Normalization
from quantization.tflite import card, convert
from quantization.verify import parity
from quantization.verify.agreement import Bound

BOUND = Bound(disagreements=0.03, difference=0.2, lead=0.05)
"""Maximum deviation of the file from the model that it was converted from. `lead`: faces of a hard
place are ambiguous, and classes that are equally probable swap by rounding."""

PARITY_FACES = 500


def write(
    quantized: Any,
    parent: Parent,
    faces: NDArray[np.uint8],
    path: Path,
    *,
    adapted: Mapping[str, Any],
    decision: Mapping[str, Any],
) -> dict[str, Any]:
    """Convert an adapted model to an int8 file with its card.

    Args:
        quantized: adapted model in simulated int8.
        parent: model that was adapted.
        faces: uint8 [n, 48, 48], faces for comparing file and model.
        path: output file; the card is written beside it.
        adapted: entry `adapted` of the card.
        decision: entry `decision` of the card.

    Returns:
        The differences between file and model.

    Raises:
        CheckFailedError: the file differs from the model by more than `BOUND`; nothing is written.
    """
    normalization = Normalization(*parent.normalization)
    with tempfile.TemporaryDirectory(prefix="fer-edge-adapt-") as folder:
        made = Path(folder) / path.name
        convert.to_tflite(
            quantized,
            made,
            head=parent.head,
            labels=parent.labels,
            precision="int8",
            normalization=normalization,
            description=f"Facial expression recognition: {parent.name}, adapted to a place.",
        )
        found = parity.check(
            made,
            quantized,
            faces[:PARITY_FACES],
            head=parent.head,
            normalization=normalization,
            bound=BOUND,
        )
        content = made.read_bytes()
        written = card.derive(
            made,
            content,
            parent.file,
            labels=parent.labels,
            io="int8",
            color="gray",
            normalization=normalization,
            more={"precision": "int8", "adapted": dict(adapted), "decision": dict(decision)},
        )
        described = written.read_bytes()
    with replacing(card_path(path)) as partial:
        partial.write_bytes(described)
    with replacing(path) as partial:
        partial.write_bytes(content)
    return asdict(found)
