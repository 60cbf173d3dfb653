"""Covers parts of a training face: dark glasses, a mask, a hand at the cheek, hair.

Each is one or two filled ellipses at their place in a FER2013 crop, with random offset, size and
gray value. The shapes of `fer_edge.evaluation.corruptions` are others (polygons, strands, lines),
so that a net is not evaluated on what it has learned to see through.
"""

from typing import Any

import numpy as np

from device.geometry import FACE_SIZE
from device.labels import FACE_PARTS

_CENTERS = np.array(
    [[[0.34, 0.37], [0.66, 0.37]], [[0.5, 0.86]] * 2, [[0.0, 0.7]] * 2, [[0.3, 0.0], [0.7, 0.05]]],
    np.float32,
)
"""Centers x, y of the two ellipses of glasses, mask, hand and hair, as fractions of the side."""

_RADII = np.array(
    [[[0.15, 0.11]] * 2, [[0.32, 0.24]] * 2, [[0.26, 0.3]] * 2, [[0.45, 0.24], [0.4, 0.3]]],
    np.float32,
)

_GRAYS = np.array([[0.0, 60.0], [140.0, 240.0], [80.0, 200.0], [0.0, 70.0]], np.float32)
"""Lowest and highest gray value of each."""

_PARTS = np.array(
    [[FACE_PARTS.index(part)] * 2 for part in ("upper", "lower")]
    + [[FACE_PARTS.index("left"), FACE_PARTS.index("right")], [FACE_PARTS.index("upper")] * 2],
    np.int32,
)
"""Part that each hides, as it is and mirrored: only the hand comes from a side."""

DRAWS = 8
"""Number of random numbers for each image."""


def cover(pixels: Any, probability: float, draws: Any) -> Any:
    """Cover a part of some faces.

    Args:
        pixels: pixels 0..255, float32 `[n, 48, 48, 1]`.
        probability: share of the images that are covered.
        draws: float32 `[n, DRAWS]`, uniform in 0..1.

    Returns:
        float32 `[n, 48, 48, 1]`, 0..255.
    """
    import tensorflow as tf

    kind, mirrored = _kind(draws)
    right = mirrored[:, None, None]
    centers = tf.gather(tf.constant(_CENTERS), kind)
    others = tf.concat([1 - centers[..., :1], centers[..., 1:]], axis=-1)
    centers = tf.where(right, others, centers) + (draws[:, None, 3:5] - 0.5) * 0.16
    radii = tf.gather(tf.constant(_RADII), kind) * (0.7 + 0.7 * draws[:, None, 5:7])
    grays = tf.gather(tf.constant(_GRAYS), kind)
    gray = grays[:, 0] + draws[:, 7] * (grays[:, 1] - grays[:, 0])

    steps = (tf.range(FACE_SIZE, dtype=tf.float32) + 0.5) / FACE_SIZE
    across = ((steps - centers[..., :1]) / radii[..., :1]) ** 2  # [n, 2, 48]
    down = ((steps - centers[..., 1:]) / radii[..., 1:]) ** 2
    inside = tf.reduce_any(down[..., None] + across[:, :, None, :] < 1, axis=1)
    inside &= _covered(probability, draws)[:, None, None]
    return tf.where(inside[..., None], gray[:, None, None, None], pixels)


def hidden_part(probability: float, draws: Any, flipped: Any) -> Any:
    """The part of each face that `cover` hides with the same draws.

    Args:
        probability: share of the images that are covered.
        draws: float32 `[n, DRAWS]`, as given to `cover`.
        flipped: whether the image is mirrored left to right afterwards, bool `[n]`.

    Returns:
        Indices into `device.labels.FACE_PARTS`, int32 `[n]`; 0 for faces that stay uncovered.
    """
    import tensorflow as tf

    kind, right = _kind(draws)
    side = tf.cast(tf.math.logical_xor(right, flipped), tf.int32)
    part = tf.gather_nd(tf.constant(_PARTS), tf.stack([kind, side], axis=1))
    return tf.where(_covered(probability, draws), part, 0)


def _covered(probability: float, draws: Any) -> Any:
    return draws[:, 0] < probability


def _kind(draws: Any) -> tuple[Any, Any]:
    """What covers each face, int32 `[n]`, and whether it is mirrored, bool `[n]`."""
    import tensorflow as tf

    kind = tf.minimum(tf.cast(draws[:, 1] * len(_GRAYS), tf.int32), len(_GRAYS) - 1)
    return kind, draws[:, 2] < 0.5  # a hand comes from either side
