"""One face from its seed: draw the person frontally, light it, take the picture."""

from functools import lru_cache

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy, camera, creases, paint, relief, units, wear
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import sample_person, sample_scene

OVERSAMPLING = 2
"""Canvas pixels per picture pixel and axis, on top of OpenCV's sub-pixel antialiasing."""
SMALLEST_CANVAS = 96
MARGIN = 0.86
"""The frontal canvas shows a little more: turning the head pulls its rim into the picture."""


@lru_cache(maxsize=8)
def frames(size: int, unit: float, eyes_y: float) -> tuple[Frame, Frame]:
    """The canvas that a head is drawn on frontally, and the one that the camera sees.

    Args:
        size: of the picture, pixels.
        unit: half a head's width, as a share of the picture.
        eyes_y: how far below the picture's upper rim the eyes are, as a share of it.
    """
    side = max(OVERSAMPLING * size, SMALLEST_CANVAS)
    drawn = Frame(side, unit * side * MARGIN, side / 2, (0.5 + (eyes_y - 0.5) * MARGIN) * side)
    return drawn, Frame(side, unit * side, side / 2, eyes_y * side)


def picture(
    expression: str, rng: np.random.Generator, size: int, *, unit: float, eyes_y: float
) -> np.ndarray:
    """Draw a random person who shows an expression.

    Args:
        expression: one of `device.labels.FER2013`.
        rng: the sample's own generator.
        size: of the picture, pixels.
        unit: half a head's width, as a share of the picture.
        eyes_y: how far below the picture's upper rim the eyes are, as a share of it.

    Returns:
        uint8 [size, size], gray.
    """
    au = units.sample(expression, rng)
    person, scene = sample_person(rng), sample_scene(rng)
    source, target = frames(size, unit, eyes_y)

    layers = np.zeros((source.side, source.side, 2), np.uint8)
    wear.behind(layers, source, person, scene)
    paint.fill(layers, source, anatomy.head(person, au), person.skin)
    tone, coverage = cv2.split(layers)

    depths = creases.draw(creases.folds(person, au), source)
    paint.nostrils(tone, source, person, au)
    paint.mouth(tone, source, person, au)
    beard = wear.beard(source, person, au)
    if beard is not None:
        wear.grow(tone, beard, person.hair, rng)
    paint.eyes(tone, source, person, scene, au)
    paint.brows(tone, source, person, au)
    if scene.mask:
        wear.mask(tone, depths, source, person, scene.mask, au)
    hair = wear.hair(source, person)
    if hair is not None:
        wear.grow(tone, hair, person.hair, rng)
        np.maximum(coverage, hair, out=coverage)
        depths[hair > 127] = 0
    if scene.glasses:
        wear.glasses(tone, source, person, scene.glasses, tone=rng.uniform(10, 60))

    lit = tone * relief.shade(person, scene, au, depths / np.float32(255), source)
    across, down = camera.pose(scene, source, target)
    lit = cv2.remap(lit, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shown = cv2.remap(coverage, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Tones were drawn on black, so they are already weighted by their coverage.
    whole = lit + camera.backdrop(scene, target, rng) * ((255 - shown) / np.float32(255))
    return camera.sense(whole, scene, size, rng)
