"""The fused result and its modalities as JSON, in lines, messages and on the page."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from device.modalities.modality import Fused, Opinion


def fused_json(fused: "Fused", digits: int = 4) -> dict[str, Any]:
    """Convert a fused result to the types of JSON.

    Args:
        fused: the fused result of a frame.
        digits: decimal places of probabilities and weights.

    Returns:
        `fused`: label, confidence and probabilities, null where nothing counts; `modalities`: by
        name their age in seconds, weight and probabilities, age and probabilities null before the
        first answer.
    """
    return {
        "fused": {
            "label": fused.label,
            "confidence": round(float(fused.confidence), digits),
            "probabilities": _named(fused.labels, fused.probabilities.tolist(), digits),
        }
        if fused.label
        else None,
        "modalities": {opinion.name: _opinion(opinion, digits) for opinion in fused.opinions},
    }


def _opinion(opinion: "Opinion", digits: int) -> dict[str, Any]:
    modality = opinion.modality
    if modality is None:
        return {"age": None, "weight": 0.0, "probabilities": None}
    return {
        "age": round(opinion.age, 3),
        "weight": round(opinion.weight, digits),
        "probabilities": _named(modality.labels, modality.probabilities.tolist(), digits),
    }


def _named(labels: tuple[str, ...], values: list[float], digits: int) -> dict[str, float]:
    return {label: round(value, digits) for label, value in zip(labels, values, strict=True)}
