"""Changes what a model file predicts, without training: blends heads, exchanges class priors.

Both are linear in the logits and are folded into the last layer, at no cost on the device.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import HEADS
from device.model import card as device_card
from device.model import prior as priors
from device.model.file import ModelFile


@dataclass(frozen=True)
class Reweighting:
    """Changes of a file's predictions.

    Attributes:
        blend: weight of the logits of the net's other head, 0..1; 0: none. The file of that head
            stands beside the file.
        prior: class prior to predict for: "none" (the training's), "uniform" or the path of a JSON
            file of label to share.
        prior_exponent: power of the exchange of priors, 0..1.
    """

    blend: float = 0.0
    prior: str = priors.NONE
    prior_exponent: float = 1.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.blend and self.prior == priors.NONE


NO_REWEIGHTING = Reweighting()


def fold(model: Any, source: Path, change: Reweighting) -> dict[str, Any]:
    """Fold a reweighting into a model, first the blend, then the prior.

    Args:
        model: `ModelT` of LiteRT's schema, changed in place.
        source: model file that it was read from, with its card.
        change: what to change.

    Returns:
        The changed entries of the card, empty if nothing changes: `reweighting`, and `decision`
        with the prior of the new file and without what was measured.

    Raises:
        InputError: the other head's file is missing or of another net, the card has no class
            frequencies, or a value is out of range.
    """
    from quantization.export import prior as prior_folding
    from quantization.tflite import card

    if change.is_empty:
        return {}
    labels = ModelFile(source).labels
    shares = device_card.prior(source, labels)
    made: dict[str, Any] = {}
    if change.blend:
        other = ModelFile(other_head(source))
        shares = _blend(model, source, other, shares, change.blend)
        made |= {"blend": change.blend, "blended_with_sha256": other.sha256}
    factors = priors.factors(change.prior, change.prior_exponent, labels, shares)
    if factors is not None:
        prior_folding.fold(model, factors, str(source))
        shares = shares * factors
        made |= {"prior": change.prior, "prior_exponent": change.prior_exponent}
    decision = dict(card.read(source)["decision"])
    for measured in ("data_digest", "answered", "right"):
        decision.pop(measured, None)
    decision["prior"] = dict(zip(labels, (shares / shares.sum()).round(6).tolist(), strict=True))
    return {"reweighting": made, "decision": decision}


def _blend(
    model: Any, source: Path, other: ModelFile, shares: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Blend the other head into a model and give the blended prior."""
    from quantization.export import blend as blending
    from quantization.export import io

    blend = blending.Blend.of(ModelFile(source).labels, other.labels, weight)
    blending.fold(model, io.load(other), blend, (str(source), str(other.path)))
    return blend.prior(shares, device_card.prior(other.path, other.labels))


def other_head(source: Path) -> Path:
    """The file of the same net's other head in the same precision, beside a file.

    Raises:
        InputError: there is none, or the file is not named after its head.
    """
    head, _, rest = source.name.partition("_")
    others = [source.with_name(f"{other}_{rest}") for other in HEADS if other != head]
    if head not in HEADS or not others[0].is_file():
        wanted = others[0] if head in HEADS else source.with_name("fer2013_int8.tflite")
        raise InputError(
            f"--blend needs the file of the net's other head beside {source}: {wanted} is missing"
        )
    return others[0]
