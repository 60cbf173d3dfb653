"""Expressions as combinations of facial muscle movements: action units (AU) of FACS.

Sources: P. Ekman and W. V. Friesen, Facial Action Coding System, Consulting Psychologists Press
1978 (the units, and table 11-1 for the combinations that are read as an emotion); the same
authors' EMFACS-7: Emotional Facial Action Coding System, unpublished manuscript, University of
California 1983 (the short list: happiness 6+12, sadness 1+4+15, surprise 1+2+5+26, fear
1+2+4+5+7+20+26, anger 4+5+7+23, disgust 9+15+16). Chances and strengths were chosen for this
project.
"""

from dataclasses import dataclass

import numpy as np

NAMES = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    15: "lip corner depressor",
    16: "lower lip depressor",
    17: "chin raiser",
    20: "lip stretcher",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    27: "mouth stretch",
    43: "eyes closed",
}
"""The action units that the generator draws, with their FACS names."""


@dataclass(frozen=True)
class Unit:
    """The part of one action unit in an expression.

    Attributes:
        number: FACS number, a key of `NAMES`.
        chance: probability that it is part of the expression, 0..1.
        strength: intensity in a full expression, 0..1.
    """

    number: int
    chance: float = 1.0
    strength: float = 0.9


PROTOTYPES: dict[str, tuple[tuple[Unit, ...], ...]] = {
    "angry": (
        (Unit(4, 1, 1), Unit(5, 0.8, 0.6), Unit(7), Unit(23), Unit(24, 0.6), Unit(17, 0.4, 0.5)),
        (Unit(4, 1, 1), Unit(5, 0.9, 0.7), Unit(7), Unit(23), Unit(10, 1, 0.5), Unit(16), Unit(25)),
    ),
    "disgust": (
        (Unit(9, 1, 1), Unit(15, 1, 0.4), Unit(16, 0.7, 0.6), Unit(10, 0.9, 1), Unit(7, 0.7, 0.7)),
        (Unit(9, 1, 1), Unit(15, 1, 0.4), Unit(17, 0.8, 0.7), Unit(10, 0.9), Unit(7, 0.7, 0.7)),
        (Unit(9, 1, 1), Unit(15, 1, 0.3), Unit(16), Unit(10, 1, 1), Unit(25), Unit(7, 0.7, 0.7)),
    ),
    "fear": (
        (
            *(Unit(1), Unit(2, 1, 0.5), Unit(4, 1, 0.7), Unit(5, 1, 1), Unit(7, 0.6, 0.4)),
            *(Unit(20, 1, 1), Unit(25), Unit(26, 0.6, 0.5)),
        ),
    ),
    "happy": (
        (Unit(6), Unit(12, 1, 1), Unit(25)),
        (Unit(6), Unit(12, 1, 1), Unit(25), Unit(26, 1, 0.5)),
        (Unit(6), Unit(12, 1, 1)),
    ),
    "sad": (
        (Unit(1, 1, 1), Unit(4, 1, 0.7), Unit(15, 1, 1), Unit(17, 0.6, 0.7), Unit(43, 0.6, 0.45)),
    ),
    "surprise": (
        (Unit(1, 1, 1), Unit(2, 1, 1), Unit(5), Unit(25), Unit(26, 1, 1)),
        (Unit(1, 1, 1), Unit(2, 1, 1), Unit(5), Unit(25), Unit(27)),
    ),
    "neutral": ((),),
}
"""Variants of each expression, one of which is drawn at random; the first units define it."""


def sample(expression: str, rng: np.random.Generator) -> list[float]:
    """Draw the intensities of the action units of one posed face.

    Args:
        expression: a key of `PROTOTYPES`.
        rng: random generator of the sample.

    Returns:
        44 intensities 0..1, indexed by FACS number.
    """
    intensity = [0.0] * (max(NAMES) + 1)
    # Every unit is slightly active, in neutral faces too.
    for number, twitch in zip(NAMES, rng.beta(1.2, 7.0, len(NAMES)).tolist(), strict=True):
        intensity[number] = twitch * (0.08 if number in (9, 25, 26, 27, 43) else 0.22)
    variants = PROTOTYPES[expression]
    variant = variants[rng.integers(len(variants))]
    effort = rng.uniform(0.75, 1.0)
    for unit in variant:
        joins = rng.random() < unit.chance
        strength = unit.strength * effort * rng.uniform(0.8, 1.15)
        if joins:
            intensity[unit.number] = max(intensity[unit.number], min(strength, 1.0))
    return intensity
