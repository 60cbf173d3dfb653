"""Contours of the facial parts, given the person and the action units.

All functions take the person and the intensities from `units.sample` and return points as float64
[n, 2] in head units (see `person`). Eyes and brows are those on the right of the image; the others
are their mirror images.
"""

from dataclasses import dataclass

import numpy as np

from fer_edge.data.synthetic.person import Person

ALONG = np.linspace(-1, 1, 17)
"""Positions of the points of a lid or lip between its corners, -1..1."""
MIRROR = np.array([-1.0, 1.0])

_ARC = np.linspace(np.pi, 3 * np.pi, 38)[:-1]
_COS, _SIN = np.cos(_ARC), np.sin(_ARC)
_BELOW = _SIN > 0
_BROW = np.linspace(0, 1, 9)
_BROW_HALF = np.interp(_BROW, [0, 0.15, 0.6, 1], [0.5, 0.62, 0.55, 0.12])
_CUPID = np.exp(-((ALONG / 0.14) ** 2))
_FADE = 1 - np.abs(ALONG) ** 3


@dataclass(frozen=True)
class Eye:
    """One eye: lids from the inner to the outer corner, and the iris behind them."""

    upper: np.ndarray
    lower: np.ndarray
    iris: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class Mouth:
    """Four curves from the left to the right corner in the image, and the interior of the mouth."""

    outer_upper: np.ndarray
    inner_upper: np.ndarray
    inner_lower: np.ndarray
    outer_lower: np.ndarray
    gap: float
    upper_teeth: float
    lower_teeth: float


def jaw_drop(au: list[float]) -> float:
    """How far the chin drops, in head units."""
    return 0.1 * au[26] + 0.2 * au[27]


def head(person: Person, au: list[float]) -> np.ndarray:
    """The outline of the skin, from the left temple over the crown and around the chin."""
    narrowing = 1 - (0.16 - 0.2 * (0.62 - person.jaw)) * _SIN
    cheek = np.sign(_COS) * np.abs(_COS) ** person.jaw * narrowing
    x = person.width * np.where(_BELOW, cheek, _COS)
    y = np.where(_BELOW, person.chin + jaw_drop(au), person.crown) * _SIN
    return np.stack([x, y], axis=1)


def brow(person: Person, au: list[float]) -> np.ndarray:
    """The outline of the right brow: outwards along its upper edge, back along the lower one."""
    lowered = au[4] * (1 - 0.5 * au[1])
    inner = -0.22 * au[1] + 0.2 * lowered + 0.1 * au[9]
    middle = -0.08 * au[1] - 0.15 * au[2] + 0.09 * lowered + 0.06 * au[9] + 0.02 * au[6]
    outer = -0.18 * au[2] + 0.07 * au[1] * au[4] * (1 - au[2]) - 0.03 * lowered
    # A parabola through the lifts of the inner end, the middle and the outer end.
    bend = inner - 2 * middle + outer
    lift = inner + (4 * middle - 3 * inner - outer) * _BROW + 2 * bend * _BROW**2
    inner_end = 0.15 - 0.055 * au[4] - 0.03 * au[9]
    x = inner_end + _BROW * (person.eye_distance + 0.31 - inner_end)
    arch = person.brow_arch * np.sin(np.pi * _BROW**1.3)
    y = -person.brow_height - arch + lift + (_BROW - 0.4) * person.brow_slope
    half = person.brow_thickness * _BROW_HALF * (1 + 0.15 * au[4])
    ends = np.concatenate([y - half, (y + half)[::-1]])
    return np.stack([np.concatenate([x, x[::-1]]), ends], axis=1)


def eye(person: Person, au: list[float]) -> Eye:
    """The right eye: AU5 opens it, 6, 7 and 9 narrow it, 43 closes it, 1 and 4 slant it."""
    size = person.eye_size
    upper = 0.47 + 0.42 * au[5] - 0.16 * au[7] - 0.08 * au[6] - 0.16 * au[9] - 0.46 * au[43]
    lower = 0.32 + 0.07 * au[5] - 0.2 * au[7] - 0.3 * au[6] - 0.14 * au[9]
    lower = max(lower, -0.12)
    upper = max(upper, 0.03 - lower)
    # The shape of the lid from the inner (-1) to the outer corner (1): an angry brow lowers its
    # inner part, a sad one raises it.
    angry = au[4] * (1 - au[1]) * (1 - 0.5 * au[9])
    slant = 0.45 * angry - 0.45 * au[1] * au[4] * (1 - au[5])
    lid = (1 - np.abs(ALONG) ** 2.4) * (1 + slant * ALONG)
    bag = (1 - ALONG**2) * (1 + 0.15 * ALONG)
    x = person.eye_distance + size * ALONG
    tilt = -person.eye_tilt * ALONG
    top = tilt - size * upper * lid
    bottom = np.maximum(tilt + size * lower * bag, top + 0.004)
    return Eye(
        upper=np.stack([x, top], axis=1),
        lower=np.stack([x, bottom], axis=1),
        iris=(person.eye_distance - 0.01, -0.012),
        radius=0.5 * size,
    )


def nose(person: Person, au: list[float]) -> tuple[float, float]:
    """The height of the nose's base, and half the width of its wings."""
    base = person.nose_length - 0.05 * au[9]
    return base, person.nose_width * (1 + 0.18 * au[9] + 0.1 * au[10] + 0.06 * au[12])


def mouth(person: Person, au: list[float]) -> Mouth:
    """The contours of the mouth, from the pull of its corners, tension of the lips and the jaw."""
    smile, frown, stretch = au[12], au[15], au[20]
    width = person.mouth_width * (1 + 0.26 * smile + 0.36 * stretch - 0.08 * max(au[23], au[24]))
    width *= 1 - 0.14 * au[24] - 0.2 * au[26] * (1 - smile) * (1 - stretch) - 0.26 * au[27]
    parted = 0.05 + 0.09 * smile + 0.08 * stretch + 0.05 * au[10] + 0.06 * au[16]
    gap = au[25] * parted + (0.08 + 0.23 * au[25]) * au[26] * (1 - 0.3 * stretch) + 0.46 * au[27]
    side = np.sign(ALONG) * person.lopsided
    pull = 0.19 * smile * (1 - 0.3 * au[27]) - 0.15 * frown - 0.05 * stretch
    middle = person.mouth_y - 0.04 * au[17] - 0.05 * au[9] - 0.03 * au[10] - 0.035 * frown
    middle += 0.02 * smile
    corner = person.mouth_y - pull * (1 + side) - person.mouth_curve + 0.22 * gap
    # Round for a dropped jaw, an arc for a smile, a rectangle for stretched or raised lips.
    boxy = max(stretch, au[10] * au[25], au[16] * au[25])
    round_ = 1 - 0.42 * max(au[27], au[26] * (1 - smile), 0.6 * boxy)
    bow = (1 - np.abs(ALONG) ** (2 + 1.6 * boxy)) ** round_
    x = width * ALONG

    raised = 0.06 * au[9] + 0.08 * au[10]
    top = corner + (middle - 0.15 * gap - 0.4 * raised * au[25] - corner) * bow
    bottom = corner + (middle + 0.85 * gap - 0.02 * au[17] - corner) * bow
    thin = (1 - 0.6 * au[23]) * (1 - 0.55 * au[24]) * (1 - 0.3 * smile) * (1 - 0.25 * stretch)
    upper_lip = person.upper_lip * thin * (1 + 0.25 * au[10])
    lower_lip = person.lower_lip * thin * (1 + 0.35 * au[17] + 0.25 * au[16])
    cupid = 1 - 0.28 * _CUPID * (1 - 0.6 * smile)
    teeth = max(smile, 0.85 * au[10], 0.7 * stretch, 0.35 * au[26], 0.4 * au[27])
    return Mouth(
        outer_upper=np.stack([x, top - (upper_lip * cupid + raised * 0.5) * _FADE], axis=1),
        inner_upper=np.stack([x, top], axis=1),
        inner_lower=np.stack([x, bottom], axis=1),
        outer_lower=np.stack([x, bottom + lower_lip * _FADE], axis=1),
        gap=gap,
        upper_teeth=0.12 * teeth,
        lower_teeth=0.08 * max(au[16], 0.9 * stretch),
    )
