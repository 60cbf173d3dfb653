"""Saliency maps of one face by several methods, with scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.protocol import Classify
from fer_edge.explanation import maps, scores
from fer_edge.explanation.grad_cam import grad_cam
from fer_edge.explanation.maps import Face, Map, Probability

METHODS = ("grad-cam", "occlusion", "rise")


@dataclass(frozen=True)
class Parent:
    """The float net that a file was converted from.

    Attributes:
        model: Keras model with one output, the logits of the file's labels.
        normalization: mean and standard deviation of its pixels.
    """

    model: Any
    normalization: tuple[float, float]


@dataclass(frozen=True)
class MethodMap:
    """The saliency map of one method.

    Attributes:
        method: one of `METHODS`.
        values: the map, float32 [48, 48], 0..1.
        insertion: area under the insertion curve of the file, 0..1; higher is better.
        deletion: area under the deletion curve of the file, 0..1; lower is better.
    """

    method: str
    values: Map
    insertion: float
    deletion: float


@dataclass(frozen=True)
class Explanation:
    """The explanation of one prediction.

    Attributes:
        face: input of the model, uint8 [48, 48].
        target: index of the explained class.
        probabilities: predicted probabilities, float32 [labels].
        maps: one entry per method.
        truth: index of the correct class; None if unknown.
        row: row of the face in its data set; None for an image file.
    """

    face: Face
    target: int
    probabilities: NDArray[np.float32]
    maps: list[MethodMap] = field(default_factory=list)
    truth: int | None = None
    row: int | None = None


def explain(
    classifier: Classify,
    face: Face,
    *,
    methods: Sequence[str],
    target: int | None = None,
    parent: Parent | None = None,
    seed: int = 0,
    truth: int | None = None,
    row: int | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Explanation:
    """Explain one prediction of a finished file.

    Args:
        classifier: `device.model.classifier.Classifier`, or an object with the same interface.
        face: face, uint8 [48, 48].
        methods: names from `METHODS`; `grad-cam` needs `parent`.
        target: index of the class to explain; None for the predicted class.
        parent: float net of the file.
        seed: RNG seed of RISE.
        truth: index of the correct class; None if unknown.
        row: row of the face in its data set; None for an image file.
        step: called with the name of each method before it runs.
    """
    probabilities = accuracy.predict(classifier, [face])[0]
    chosen = int(probabilities.argmax()) if target is None else target

    def probability(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        return accuracy.predict(classifier, faces)[:, chosen]

    found = []
    for method in methods:
        step(method)
        values = _map(method, face, probability, chosen, parent, seed)
        insertion = scores.insertion(face, values, probability)
        deletion = scores.deletion(face, values, probability)
        found.append(MethodMap(method, values, insertion, deletion))
    return Explanation(face, chosen, probabilities, found, truth, row)


def _map(
    method: str,
    face: Face,
    probability: Probability,
    target: int,
    parent: Parent | None,
    seed: int,
) -> Map:
    if method == "occlusion":
        return maps.occlusion(face, probability)
    if method == "rise":
        return maps.rise(face, probability, seed=seed)
    if parent is None:
        raise ValueError("grad-cam needs the float net")
    return grad_cam(parent.model, face, target, parent.normalization)


def confident_mistakes(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], count: int
) -> NDArray[np.intp]:
    """Indices of the wrong predictions with the highest confidence, in descending order.

    Args:
        probabilities: predicted probabilities, float32 [n, k].
        labels: correct classes, integers [n]; negative ones are ignored.
        count: maximum number of indices.
    """
    wrong = np.flatnonzero((probabilities.argmax(axis=1) != labels) & (labels >= 0))
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order[:count]]
