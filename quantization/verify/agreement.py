"""Agreement of two sets of predictions for the same images, and the bound on it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Bound:
    """The largest difference that still counts as agreement.

    Attributes:
        disagreements: share of the images, 0.0 to 1.0, whose most probable class may differ.
        difference: largest difference of one probability, 0.0 to 1.0.
        lead: lead of the reference's most probable class over the second one, 0.0 to 1.0, below
            which another class is no disagreement, because rounding alone can change it.
    """

    disagreements: float
    difference: float
    lead: float = 0.0


@dataclass(frozen=True)
class Agreement:
    """Difference of two sets of predictions.

    Attributes:
        n: number of images.
        disagreements: number of images whose most probable class differs, see `compare`.
        max_difference: largest absolute difference of a probability, over images and classes.
        mean_difference: mean absolute difference of a probability, over images and classes.
    """

    n: int
    disagreements: int
    max_difference: float
    mean_difference: float


def compare(
    predictions: npt.NDArray[np.float32], reference: npt.NDArray[np.float32], lead: float = 0.0
) -> Agreement:
    """Compare predictions with those of a reference.

    Args:
        predictions: probabilities, float32 [n, classes].
        reference: probabilities for the same images, float32 [n, classes].
        lead: see `Bound`.
    """
    difference = np.abs(predictions - reference)
    changed = predictions.argmax(axis=1) != reference.argmax(axis=1)
    if lead:
        second, first = np.sort(reference, axis=1)[:, -2:].T
        changed &= first - second >= lead
    return Agreement(
        n=len(predictions),
        disagreements=int(changed.sum()),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
    )


def violation(found: Agreement, bound: Bound) -> str | None:
    """Describe how a difference exceeds a bound; None if it does not."""
    if not math.isfinite(found.max_difference):
        return "some probabilities are NaN or infinite"
    if found.disagreements > bound.disagreements * found.n:
        return (
            f"{found.disagreements} of {found.n} predictions differ "
            f"({found.disagreements / found.n:.1%}), more than {bound.disagreements:.1%}"
        )
    if found.max_difference > bound.difference:
        return (
            f"a probability differs by {found.max_difference:.3f}, more than {bound.difference:.3f}"
        )
    return None
