"""Scores of saliency maps: insertion and deletion (Petsiuk et al. 2018)."""

import cv2
import numpy as np

from fer_edge.explanation.maps import Face, Map, Probability

STEPS = 48
"""Number of steps in which the pixels change, the most important first."""


def deletion(face: Face, found: Map, probability: Probability) -> float:
    """Area under the probability while pixels are replaced with mean gray; lower is better.

    Args:
        face: face, uint8 [48, 48].
        found: saliency map of the face.
        probability: see `Probability`.

    Returns:
        The mean probability over the steps, 0..1.
    """
    return _area(face, np.full_like(face, round(float(face.mean()))), found, probability)


def insertion(face: Face, found: Map, probability: Probability) -> float:
    """Area under the probability while the pixels of a blurred face return; higher is better."""
    return _area(cv2.GaussianBlur(face, (0, 0), 5).astype(np.uint8), face, found, probability)


def _area(start: Face, end: Face, found: Map, probability: Probability) -> float:
    order = np.argsort(-found, axis=None, kind="stable")
    faces = np.repeat(start[np.newaxis], STEPS + 1, axis=0)
    for i, face in enumerate(faces):
        changed = order[: round(i * order.size / STEPS)]
        face.flat[changed] = end.flat[changed]
    found = probability(faces)
    return float((found[1:] + found[:-1]).mean() / 2)
