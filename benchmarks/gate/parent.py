"""Which model of a session another one is compressed from."""

from typing import TYPE_CHECKING

from benchmarks.gate import pairing
from benchmarks.gate.figures import Session, UnmeasuredError
from benchmarks.gate.rules import Rule
from device.errors import InputError

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult


def is_parent(model: "ModelResult", rule: Rule) -> bool:
    """Whether a model is a parent itself, or an external model, which has none."""
    if rule.parent is not None:
        return pairing.matches(model, rule.parent)
    return model["precision"] == rule.parent_precision or model["peer"] is not None


def find(model: "ModelResult", rule: Rule, session: Session) -> "ModelResult":
    """Find the model that a drop is measured from: the one the rule names, or the float twin.

    Raises:
        InputError: the rule's `parent` matches no model with the same labels, or several.
        UnmeasuredError: it names none, and the session has none or several.
    """
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
                f"the labels of {model['name']}: it matches {many}"
            )
        return found[0]
    found = [
        other
        for other in same
        if other["precision"] == rule.parent_precision and other["peer"] is None
    ]
    twin = model["name"].replace(str(model["precision"]), rule.parent_precision)
    named = [other for other in found if other["name"] == twin] or found
    if len(named) == 1:
        return named[0]
    if not named:
        raise UnmeasuredError(
            f"{session.name} has no {rule.parent_precision} model with the labels of "
            f"{model['name']}"
        )
    raise UnmeasuredError(
        f"{', '.join(other['name'] for other in named)} could all be the parent of "
        f"{model['name']}: name one with parent = …"
    )
