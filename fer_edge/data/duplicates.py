"""Finds exact duplicates, and near duplicates by pixel correlation.

Comparing all pairs of FER2013 at full size takes 1.5e12 multiply-adds. Instead each image,
normalized to zero mean and unit length, is projected on the 64 orthonormal vectors that average 8x8
blocks. A projection never increases a distance, so two images whose projections are further apart
than sqrt(2 - 2 threshold) cannot correlate above the threshold. Only the remaining pairs are
compared at full size, and no duplicate is missed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

GRID = 8
BLOCK = 2048
"""Images per side of one block of comparisons: 16 MB of float32."""
ROUNDING = 1e-4
"""Tolerance for float32 rounding in the comparison of projections, which is only a filter."""


@dataclass(frozen=True)
class Duplicates:
    """Exact and near duplicates.

    Attributes:
        group: group of each image, int64 [n], from 0; byte-identical images share a group.
        first: first image of each group, int64 [groups].
        pairs: pairs of groups whose images correlate above the threshold, first < second,
            int64 [p, 2].
        correlation: correlation of each pair, float32 [p].
    """

    group: np.ndarray
    first: np.ndarray
    pairs: np.ndarray
    correlation: np.ndarray


def find(
    images: np.ndarray, threshold: float, advance: Callable[[int], None] = lambda _: None
) -> Duplicates:
    """Find exact and near duplicates; takes about 300 MB besides the images for all of FER2013.

    Args:
        images: images, uint8 [n, height, width].
        threshold: Pearson correlation of the pixels above which two images count as the same face
            in the same photograph. Constant images have correlation 0 with all others.
        advance: progress callback, called with numbers of images that add up to n.
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
    """Group byte-identical images.

    Args:
        images: uint8 [n, height, width].

    Returns:
        The group of each image, int64 [n], and the first image of each group, int64 [groups].
    """
    seen: dict[bytes, int] = {}
    group = np.array([seen.setdefault(image.tobytes(), len(seen)) for image in images], np.int64)
    return group, np.unique(group, return_index=True)[1]


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson correlation of images, pair by pair; 0 if one of the two is constant.

    Args:
        a: uint8 [n, height, width].
        b: uint8 [n, height, width].

    Returns:
        float32 [n], -1..1.
    """
    return np.einsum("ij,ij->i", _normalized(a), _normalized(b))


def _normalized(images: np.ndarray) -> np.ndarray:
    """Normalize images to zero mean and unit length (constant ones to 0): float32 [n, pixels]."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.divide(flat, length, out=np.zeros_like(flat), where=length > 0)


def _sketch(images: np.ndarray) -> np.ndarray:
    """Project normalized images on the averages of 8x8 blocks: float32 [n, 64]."""
    height, width = images.shape[1:]
    basis = np.kron(_bands(height), _bands(width))
    return _normalized(images) @ basis.T


def _bands(length: int) -> np.ndarray:
    """Orthonormal rows, each constant over one band of the axis: float32 [bands, length]."""
    bands = min(GRID, length)
    rows = np.arange(length) * bands // length == np.arange(bands)[:, None]
    return (rows / np.sqrt(rows.sum(axis=1, keepdims=True))).astype(np.float32)
