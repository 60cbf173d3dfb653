"""A frontal face as seen with its head turned to a side: pixels move on an upright cylinder.

Unlike on a turned plane, the near cheek widens while the far one narrows and disappears. What a
frontal picture does not show, the side of the head, repeats the picture's edge.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from device.geometry import FACE_SIZE

STEP = 2.0
"""Degrees between two turns."""

_RADIUS = 0.54
"""Radius of the cylinder, in widths of a crop: its edges are then turned away by 68 degrees."""

_FOLLOWED = 0.75
"""Share of the nose's movement that a detector's box follows, between the head's outline (which
stays) and the features (which all move)."""


@cache
def matrices(most: float) -> NDArray[np.float32]:
    """The matrices that turn a head to the right, in steps of `STEP` degrees.

    Args:
        most: Largest turn to either side, in degrees.

    Returns:
        float32 `[turns, 48, 48]`; a picture `[rows, columns]` times one of them is the turned one.
        The one in the middle is the identity.
    """
    count = math.ceil(most / STEP)
    return np.stack([_matrix(np.radians(STEP * k)) for k in range(-count, count + 1)])


def _matrix(angle: float) -> NDArray[np.float32]:
    """Bilinear weights of the source columns (rows) for each column of the turned picture."""
    radius = _RADIUS * FACE_SIZE
    edge = (FACE_SIZE - 1) / 2
    seen = np.arange(FACE_SIZE) - edge + _FOLLOWED * radius * np.sin(angle)
    on_cylinder = np.arcsin(np.clip(seen / radius, -1, 1)) - angle
    front = np.clip(on_cylinder, -np.pi / 2, np.pi / 2)
    column = np.clip(radius * np.sin(front) + edge, 0, FACE_SIZE - 1)
    low = np.minimum(column.astype(int), FACE_SIZE - 2)
    found = np.zeros((FACE_SIZE, FACE_SIZE), np.float32)
    target = np.arange(FACE_SIZE)
    found[low, target] = 1 - (column - low)
    found[low + 1, target] += column - low
    return found
