"""Find the float model that a compressed model of the same session is compared with."""

from typing import TYPE_CHECKING

from benchmarks.gate import pairing
from benchmarks.gate.case import Measured, UnmeasuredError
from benchmarks.gate.rules import Rule
from device.errors import InputError

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


def is_parent(model: "ModelResult", rule: Rule) -> bool:
    """Whether no drop is measured on a model: it is a parent itself, or an external model."""
    if rule.parent is not None:
        return pairing.matches(model, rule.parent)
    return model["precision"] == rule.parent_precision or model["peer"] is not None


def find(measured: Measured, rule: Rule) -> Measured:
    """Find the parent of a model: the one that the rule names, or the model of `parent_precision`.

    Raises:
        InputError: the rule's `parent` matches no model with the same labels, or several.
        UnmeasuredError: the rule names no parent, and the session has none or several.
    """
    model, session = measured.model, measured.session
    same = [
        other
        for other in session.results["models"]
        if other["head"] == model["head"] and other is not model
    ]
    if rule.parent is not None:
        found = [other for other in same if pairing.matches(other, rule.parent)]
        if len(found) != 1:
            many = ", ".join(other["name"] for other in found) or "none"
            raise InputError(
                f'[models."{rule.models}"] parent = "{rule.parent}" should match one model with '
                f"the labels of {measured.name}: it matches {many}"
            )
        return Measured(found[0], session)
    found = [
        other
        for other in same
        if other["precision"] == rule.parent_precision and other["peer"] is None
    ]
    twin = measured.name.replace(str(model["precision"]), rule.parent_precision)
    named = [other for other in found if other["name"] == twin] or found
    if not named:
        raise UnmeasuredError(
            f"{session.name} has no {rule.parent_precision} model with the labels of "
            f"{measured.name}"
        )
    if len(named) > 1:
        raise UnmeasuredError(
            f"{', '.join(other['name'] for other in named)} could all be the parent of "
            f"{measured.name}: name one with parent = …"
        )
    return Measured(named[0], session)
