"""Images that stand twice in a set: to the byte, or nearly so by the correlation of their pixels.

Comparing all pairs of FER2013 at full size is 1.5e12 multiply-adds. Instead each image, normalized
to zero mean and unit length, is projected on the 64 orthonormal vectors that average 8x8 blocks.
A projection never lengthens a difference, so two images whose projections lie further apart than
sqrt(2 - 2 threshold) cannot correlate above the threshold: the few that remain are compared whole,
and none is missed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

GRID = 8
BLOCK = 2048
"""Images a side of one block of comparisons: 16 MB of float32."""
ROUNDING = 1e-4
"""Room for float32 in the comparison of projections; the comparison of whole images decides."""


@dataclass(frozen=True)
class Duplicates:
    """Which images are the same.

    Attributes:
        group: int64 [n], the same number for images that are equal to the byte, from 0.
        first: int64 [groups], the first image of each group.
        pairs: int64 [p, 2], groups whose images correlate above the threshold, first < second.
        correlation: float32 [p].
    """

    group: np.ndarray
    first: np.ndarray
    pairs: np.ndarray
    correlation: np.ndarray


def find(
    images: np.ndarray, threshold: float, advance: Callable[[int], None] = lambda _: None
) -> Duplicates:
    """Find exact and near duplicates; about 300 MB above the images for the whole of FER2013.

    Args:
        images: uint8 [n, height, width].
        threshold: Pearson correlation of the pixels above which two images are the same face in
            the same photograph. Constant images correlate with nothing.
        advance: told the images that are done, n in sum.
    """
    group, first = exact(images)
    sketches = np.concatenate(
        [_sketch(images[first[start : start + BLOCK]]) for start in range(0, len(first), BLOCK)]
    )
    half_square = (sketches**2).sum(axis=1) / 2
    pairs, correlations = [], []
    for i in range(0, len(first), BLOCK):
        for j in range(i, len(first), BLOCK):
            dots = sketches[i : i + BLOCK] @ sketches[j : j + BLOCK].T
            dots -= half_square[i : i + BLOCK, None]
            dots -= half_square[None, j : j + BLOCK]
            near = np.argwhere(dots > threshold - 1 - ROUNDING)  # dots is -distance^2 / 2 now
            near += np.array([i, j])
            near = near[near[:, 0] < near[:, 1]]
            for start in range(0, len(near), BLOCK):
                some = near[start : start + BLOCK]
                value = correlation(images[first[some[:, 0]]], images[first[some[:, 1]]])
                pairs.append(some[value > threshold])
                correlations.append(value[value > threshold])
        advance(int(np.isin(group, range(i, i + BLOCK)).sum()))
    return Duplicates(
        group,
        first,
        np.concatenate([np.empty((0, 2), np.int64), *pairs]),
        np.concatenate([np.empty(0, np.float32), *correlations]),
    )


def exact(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group images that are equal to the byte.

    Args:
        images: uint8 [n, height, width].

    Returns:
        int64 [n], the group of each image, and int64 [groups], the first image of each group.
    """
    seen: dict[bytes, int] = {}
    group = np.array([seen.setdefault(image.tobytes(), len(seen)) for image in images], np.int64)
    return group, np.unique(group, return_index=True)[1]


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson correlation of images, pair by pair; 0 where one of the two is constant.

    Args:
        a: uint8 [n, height, width].
        b: uint8 [n, height, width].

    Returns:
        float32 [n], -1..1.
    """
    return np.einsum("ij,ij->i", _normalized(a), _normalized(b))


def _normalized(images: np.ndarray) -> np.ndarray:
    """float32 [n, pixels], each image with zero mean and unit length, constant ones all 0."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.divide(flat, length, out=np.zeros_like(flat), where=length > 0)


def _sketch(images: np.ndarray) -> np.ndarray:
    """float32 [n, 64], normalized images projected on the averages of 8x8 blocks."""
    height, width = images.shape[1:]
    basis = np.kron(_bands(height), _bands(width))
    return _normalized(images) @ basis.T


def _bands(length: int) -> np.ndarray:
    """float32 [bands, length], orthonormal: each row is constant over one band of the axis."""
    bands = min(GRID, length)
    rows = np.arange(length) * bands // length == np.arange(bands)[:, None]
    return (rows / np.sqrt(rows.sum(axis=1, keepdims=True))).astype(np.float32)
