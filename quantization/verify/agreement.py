"""How far the outputs of two models differ, and the bound on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Bound:
    """How far a file may be from its model.

    Attributes:
        disagreements: share of the images, 0.0 to 1.0, whose most probable class may differ.
        difference: the largest difference of one probability, 0.0 to 1.0.
    """

    disagreements: float
    difference: float


@dataclass(frozen=True)
class Difference:
    """How far answers are from others to the same images.

    Attributes:
        n: images.
        changed: images whose most probable class differs.
        largest: difference of a probability, over images and classes.
    """

    n: int
    changed: int
    largest: float


def _difference(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> Difference:
    return Difference(
        n=len(ours),
        changed=int(np.sum(ours.argmax(axis=1) != theirs.argmax(axis=1))),
        largest=float(np.abs(ours - theirs).max()),
    )


def _beyond(found: Difference, bound: Bound) -> str | None:
    if found.changed > bound.disagreements * found.n:
        return (
            f"{found.changed} of {found.n} predictions differ, more than {bound.disagreements:.1%}"
        )
    if found.largest > bound.difference:
        return f"a probability differs by {found.largest:.3f}, more than {bound.difference:.3f}"
    return None
