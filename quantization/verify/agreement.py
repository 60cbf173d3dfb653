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
    """

    disagreements: float
    difference: float


@dataclass(frozen=True)
class Agreement:
    """Difference of two sets of predictions.

    Attributes:
        n: number of images.
        disagreements: number of images whose most probable class differs.
        max_difference: largest absolute difference of a probability, over images and classes.
        mean_difference: mean absolute difference of a probability, over images and classes.
    """

    n: int
    disagreements: int
    max_difference: float
    mean_difference: float


def compare(predictions: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> Agreement:
    """Compare predictions with those of a reference.

    Args:
        predictions: probabilities, float32 [n, classes].
        reference: probabilities for the same images, float32 [n, classes].
    """
    difference = np.abs(predictions - reference)
    return Agreement(
        n=len(predictions),
        disagreements=int(np.sum(predictions.argmax(axis=1) != reference.argmax(axis=1))),
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
