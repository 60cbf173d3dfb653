"""The suite `explain`: saliency maps of a model's most confident mistakes, and mean scores."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.models.external import ExternalModel
from device.model.classifier import Classifier
from fer_edge.evaluation.types import Explained, ExplainedMistake, MapScore
from fer_edge.explanation.explain import Explanation, confident_mistakes, explain

COUNT = 8
"""Number of mistakes."""

METHODS = ("occlusion", "rise")
"""The methods that need only the model file."""


def explain_mistakes(
    classifier: Classifier | ExternalModel,
    probabilities: NDArray[np.float32],
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    rows: NDArray[np.integer],
    seed: int,
    name: str,
    step: Callable[[str], None],
) -> list[Explanation]:
    """Explain the most confident mistakes.

    Args:
        classifier: the model.
        probabilities: its probabilities, float32 [n, labels].
        images: faces, uint8 [n, 48, 48].
        labels: correct classes, integers [n].
        rows: rows of the images in their data set, integers [n].
        seed: RNG seed of RISE.
        name: name of the model.
        step: called with a description before each mistake.
    """
    found = []
    for i in confident_mistakes(probabilities, labels, COUNT):
        step(f"{name}: explain")
        found.append(
            explain(
                classifier,
                images[i],
                methods=METHODS,
                seed=seed,
                truth=int(labels[i]),
                row=int(rows[i]),
            )
        )
    return found


def summarize(maps: Sequence[Explanation], names: Sequence[str]) -> Explained:
    """The faces and their mean scores; no scores if there was no mistake."""
    mistakes = [
        ExplainedMistake(
            one.row or 0, names[one.truth or 0], names[one.target], float(one.probabilities.max())
        )
        for one in maps
    ]
    scores = [
        MapScore(
            method,
            float(np.mean([one.maps[i].insertion for one in maps])),
            float(np.mean([one.maps[i].deletion for one in maps])),
        )
        for i, method in enumerate(METHODS)
        if maps
    ]
    return Explained(mistakes, scores)
