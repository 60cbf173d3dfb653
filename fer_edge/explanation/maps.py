"""Saliency maps of any classifier from its probabilities: occlusion sensitivity and RISE."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Face = NDArray[np.uint8]
Map = NDArray[np.float32]
"""float32 [48, 48], 0..1, from the least to the most important pixel."""

Probability = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Function from faces, uint8 [n, 48, 48], to the explained class's probability, float32 [n]."""

WINDOW = 10
STRIDE = 2
MASKS = 2000
CELLS = 7
KEPT = 0.5
_BATCH = 100


def occlusion(face: Face, probability: Probability) -> Map:
    """Occlusion sensitivity (Zeiler and Fergus 2014): probability drop under a gray square.

    A 10x10 square in the face's mean gray moves in steps of 2 pixels. The value of a pixel is the
    mean drop of the probability over the squares that cover it.

    Args:
        face: face, uint8 [48, 48].
        probability: see `Probability`.
    """
    side = len(face)
    starts = range(0, side - WINDOW + 1, STRIDE)
    places = [(y, x) for y in starts for x in starts]
    covered = np.repeat(face[np.newaxis], len(places), axis=0)
    for one, (y, x) in zip(covered, places, strict=True):
        one[y : y + WINDOW, x : x + WINDOW] = round(float(face.mean()))
    drops = float(probability(face[np.newaxis])[0]) - probability(covered)
    total, times = np.zeros((2, side, side))
    for drop, (y, x) in zip(drops, places, strict=True):
        total[y : y + WINDOW, x : x + WINDOW] += drop
        times[y : y + WINDOW, x : x + WINDOW] += 1
    return normalize(total / times)


def rise(
    face: Face,
    probability: Probability,
    *,
    masks: int = MASKS,
    seed: int = 0,
    step: Callable[[float], None] = lambda _: None,
) -> Map:
    """RISE (Petsiuk et al. 2018): the mean of random masks, weighted by the probability they leave.

    A mask is a 7x7 grid of ones and zeros, half of each on average, smoothly enlarged and randomly
    shifted. Masked pixels are replaced with the face's mean gray.

    Args:
        face: face, uint8 [48, 48].
        probability: see `Probability`.
        masks: number of masks.
        seed: RNG seed of the masks.
        step: called with the completed fraction.
    """
    rng = np.random.default_rng(seed)
    mean = float(face.mean())
    weighted, shown = np.zeros((2, *face.shape))
    for start in range(0, masks, _BATCH):
        some = np.stack([_mask(rng, len(face)) for _ in range(min(_BATCH, masks - start))])
        values = probability(np.rint(mean + some * (face - mean)).astype(np.uint8))
        weighted += np.tensordot(values, some, 1)
        shown += some.sum(axis=0)
        step((start + len(some)) / masks)
    return normalize(weighted / np.maximum(shown, 1e-9))


def normalize(values: NDArray[np.floating]) -> Map:
    """Scale a map linearly to 0..1; a constant map becomes 0."""
    span = float(np.ptp(values))
    if not span > 0:
        return np.zeros(values.shape, np.float32)
    return ((values - values.min()) / span).astype(np.float32)


def _mask(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    cell = -(-side // CELLS)
    grid = (rng.random((CELLS, CELLS)) < KEPT).astype(np.float32)
    large = cv2.resize(grid, ((CELLS + 1) * cell,) * 2, interpolation=cv2.INTER_LINEAR)
    y, x = rng.integers(0, cell, 2)
    return np.asarray(large[y : y + side, x : x + side], np.float32)
