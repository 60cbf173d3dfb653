"""The landmarks of a drawn head, in the layout of `device.faces.points`."""

import numpy as np

from fer_edge.data.synthetic import anatomy, relief
from fer_edge.data.synthetic.anatomy import MIRROR
from fer_edge.data.synthetic.person import Person

_JAW_INSET = 0.94
"""Of the distance to the outline: the outline itself belongs to the background as well."""
_BROW_PLACES = [0, 2, 4, 6, 8]  # of the 9 along each edge, from the inner end


def landmarks(person: Person, au: list[float]) -> np.ndarray:
    """Locate the landmarks on the frontal head.

    Args:
        person: person with the shape of the head.
        au: intensities of the action units.

    Returns:
        float64 [68, 3] in head units: x right in the image, y down, z towards the camera.
    """
    flat = np.concatenate(
        [_jaw(person, au), _brows(person, au), _nose(person, au), _eyes(person, au),
         _mouth(person, au)]
    )  # fmt: skip
    return np.column_stack([flat, relief.elevation(person, au, flat)])


def _jaw(person: Person, au: list[float]) -> np.ndarray:
    outline = anatomy.head(person, au)
    lower = outline[outline[:, 1] > -0.05]
    lower = lower[np.argsort(np.arctan2(lower[:, 1], -lower[:, 0]))]  # left, chin, right
    steps = np.hypot(*np.diff(lower, axis=0).T)
    along = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    places = np.linspace(0, 1, 17)
    x, y = (np.interp(places, along, lower[:, axis]) for axis in (0, 1))
    return np.column_stack([(x - x[::-1]) / 2, (y + y[::-1]) / 2]) * _JAW_INSET


def _brows(person: Person, au: list[float]) -> np.ndarray:
    area = anatomy.brow(person, au)
    upper, lower = area[:9], area[9:][::-1]
    right = ((upper + lower) / 2)[_BROW_PLACES]
    return np.concatenate([right[::-1] * MIRROR, right])


def _nose(person: Person, au: list[float]) -> np.ndarray:
    base, wide = anatomy.nose(person, au)
    bridge = [(0.0, y) for y in np.linspace(0.03, base - 0.09, 4)]
    bottom = [(-0.75, 0.0), (-0.4, 0.02), (0, 0.04), (0.4, 0.02), (0.75, 0.0)]
    return np.array([*bridge, *((x * wide, base + y) for x, y in bottom)])


def _eyes(person: Person, au: list[float]) -> np.ndarray:
    eye = anatomy.eye(person, au)
    upper, lower = eye.upper, eye.lower
    inner, outer = (upper[0] + lower[0]) / 2, (upper[16] + lower[16]) / 2
    left = np.array([outer, upper[11], upper[5], inner, lower[5], lower[11]]) * MIRROR
    return np.concatenate([left, [inner, upper[5], upper[11], outer, lower[11], lower[5]]])


def _mouth(person: Person, au: list[float]) -> np.ndarray:
    part = anatomy.mouth(person, au)
    return np.concatenate(
        [
            part.outer_upper[[0, 3, 6, 8, 10, 13, 16]],
            part.outer_lower[[13, 11, 8, 5, 3]],
            part.inner_upper[[1, 4, 8, 12, 15]],
            part.inner_lower[[12, 8, 4]],
        ]
    )
