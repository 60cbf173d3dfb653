"""The person and the scene: everything that varies except the expression.

Lengths are in head units: 1 is half the width of an average head; the origin is between the eyes, x
points right in the image, y down, z towards the camera. Tones are reflectances 0..255.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True)
class Person:
    """A random adult: the properties that do not change with the expression."""

    skin: float
    width: float
    crown: float
    chin: float
    jaw: float
    eye_distance: float
    eye_size: float
    eye_tilt: float
    iris: float
    brow_height: float
    brow_thickness: float
    brow_arch: float
    brow_slope: float
    nose_width: float
    nose_length: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    mouth_curve: float
    upper_lip: float
    lower_lip: float
    lip_tone: float
    age: float
    hair: float
    hair_style: str
    hairline: float
    hair_volume: float
    beard: float
    moustache: float
    lopsided: float


@dataclass(frozen=True)
class Scene:
    """Pose (degrees), light, camera and accessories of one photo."""

    yaw: float
    pitch: float
    roll: float
    zoom: float
    shift_x: float
    shift_y: float
    gaze: float
    light: tuple[float, float, float]
    ambient: float
    exposure: float
    gamma: float
    backdrop: float
    cloth: float
    glasses: str
    mask: str
    blur: float
    noise: float
    jpeg: int


SHAPES = {
    "width": (1.0, 0.045),
    "crown": (1.32, 0.05),
    "chin": (1.34, 0.06),
    "jaw": (0.62, 0.08),
    "eye_distance": (0.42, 0.022),
    "eye_size": (0.205, 0.015),
    "eye_tilt": (0.015, 0.02),
    "brow_height": (0.30, 0.022),
    "brow_thickness": (0.052, 0.013),
    "brow_arch": (0.045, 0.016),
    "brow_slope": (0.09, 0.015),
    "nose_width": (0.19, 0.025),
    "nose_length": (0.54, 0.035),
    "nose_height": (1.0, 0.2),
    "mouth_y": (0.88, 0.03),
    "mouth_width": (0.37, 0.03),
    "mouth_curve": (0.02, 0.01),
    "upper_lip": (0.062, 0.016),
    "lower_lip": (0.088, 0.018),
    "hairline": (0.84, 0.06),
    "lopsided": (0.0, 0.07),
}
"""Mean and standard deviation of normally distributed properties, clipped at two deviations."""


def sample_person(rng: np.random.Generator) -> Person:
    """Draw a random person; every sample of a data set is a new one."""
    spread = np.clip(rng.standard_normal(len(SHAPES)), -2, 2).tolist()
    shape = {
        name: mean + deviation * z
        for (name, (mean, deviation)), z in zip(SHAPES.items(), spread, strict=True)
    }
    age = float(rng.beta(1.4, 2.0))
    gray = max(0.0, age - 0.6) * 300 * rng.random()
    hair = _pick((22, 32, 45, 75, 120), (1, 1, 1, 1, 1), rng) + rng.uniform(-8, 25) + gray
    bearded = rng.random() < 0.2
    styles = ("bald", "short", "parted", "fringe", "long")
    return Person(
        skin=rng.uniform(95, 215),
        iris=rng.uniform(20, 85),
        lip_tone=rng.uniform(0.58, 0.85),
        age=age,
        hair=min(hair, 205.0),
        hair_style=_pick(styles, (0.1, 0.36, 0.2, 0.12, 0.22), rng),
        hair_volume=rng.uniform(0.05, 0.2),
        beard=rng.uniform(0.15, 0.8) if bearded else 0.0,
        moustache=rng.uniform(0.2, 0.8) if bearded or rng.random() < 0.04 else 0.0,
        **shape,
    )


def sample_scene(rng: np.random.Generator) -> Scene:
    """Draw a random scene for one photo."""
    spread = np.clip(rng.standard_normal(6), -2.2, 2.2).tolist()
    azimuth, height = rng.uniform(-1.0, 1.0), rng.uniform(-0.15, 0.75)
    x, y = math.sin(azimuth), -math.sin(height)
    z = math.cos(azimuth) * math.cos(height) + 0.25
    norm = math.sqrt(x * x + y * y + z * z)
    return Scene(
        yaw=7 * spread[0],
        pitch=4 * spread[1],
        roll=4.5 * spread[2],
        zoom=rng.uniform(0.94, 1.08),
        shift_x=0.03 * spread[3],
        shift_y=0.03 * spread[4],
        gaze=0.03 * spread[5],
        light=(x / norm, y / norm, z / norm),
        ambient=rng.uniform(0.3, 0.65),
        exposure=rng.uniform(0.85, 1.2),
        gamma=rng.uniform(0.75, 1.15),
        backdrop=rng.uniform(10, 245),
        cloth=rng.uniform(15, 230),
        glasses=_pick(("", "thin", "thick"), (0.84, 0.09, 0.07), rng),
        mask=_pick(("", "light", "dark"), (0.97, 0.02, 0.01), rng),
        blur=rng.uniform(0.2, 0.7) if rng.random() < 0.3 else 0.0,
        noise=rng.exponential(1.6),
        jpeg=int(rng.integers(45, 95)) if rng.random() < 0.35 else 0,
    )


def _pick(options: Sequence[T], weights: Sequence[float], rng: np.random.Generator) -> T:
    """Choose one of the options; ten times as fast as `Generator.choice` for so few."""
    left = rng.random() * sum(weights)
    for option, weight in zip(options, weights, strict=True):
        left -= weight
        if left < 0:
            return option
    return options[-1]
