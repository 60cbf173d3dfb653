"""Renders one face from its seed: draw the person frontally, light it, take the photo."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy, camera, creases, paint, relief, units, wear
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Person, Scene, sample_person, sample_scene

OVERSAMPLING = 2
"""Canvas pixels per image pixel and axis, in addition to OpenCV's sub-pixel antialiasing."""
SMALLEST_CANVAS = 96
MARGIN = 0.86
"""Scale of the frontal canvas, which shows a margin: rotation moves the rim into the image."""


@lru_cache(maxsize=8)
def frames(size: int, unit: float, eyes_y: float) -> tuple[Frame, Frame]:
    """The canvas on which the head is drawn frontally, and the one that the camera sees.

    Args:
        size: side of the image in pixels.
        unit: half the width of a head, as a fraction of the image.
        eyes_y: distance of the eyes from the upper edge, as a fraction of the image.
    """
    side = max(OVERSAMPLING * size, SMALLEST_CANVAS)
    drawn = Frame(side, unit * side * MARGIN, side / 2, (0.5 + (eyes_y - 0.5) * MARGIN) * side)
    return drawn, Frame(side, unit * side, side / 2, eyes_y * side)


@dataclass(frozen=True)
class Head:
    """A lit frontal head on its canvas.

    Attributes:
        person, scene: who was drawn, and the photo to take.
        au: intensities of the action units.
        lit: reflected light, float32 [side, side].
        coverage: what is not background, uint8 [side, side].
    """

    person: Person
    scene: Scene
    au: list[float]
    lit: np.ndarray
    coverage: np.ndarray

    def photograph(
        self,
        across: np.ndarray,
        down: np.ndarray,
        scene: Scene,
        target: Frame,
        size: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Take the photo.

        Args:
            across: column of the frontal canvas that each pixel of the photo sees.
            down: its row.
            scene: light and camera.
            target: canvas of the photo.
            size: side of the photo in pixels.
            rng: random generator of the sample.

        Returns:
            The photo, uint8 [size, size], gray.
        """
        replicate = cv2.BORDER_REPLICATE
        lit = cv2.remap(self.lit, across, down, cv2.INTER_LINEAR, borderMode=replicate)
        shown = cv2.remap(self.coverage, across, down, cv2.INTER_LINEAR, borderMode=replicate)
        # Tones were drawn on black, so they are already weighted by their coverage.
        whole = lit + camera.backdrop(scene, target, rng) * ((255 - shown) / np.float32(255))
        return camera.sense(whole, scene, size, rng)


def picture(
    expression: str, rng: np.random.Generator, size: int, *, unit: float, eyes_y: float
) -> np.ndarray:
    """Draw a random person with an expression.

    Args:
        expression: one of `device.labels.FER2013`.
        rng: random generator of the sample.
        size: side of the image in pixels.
        unit: half the width of a head, as a fraction of the image.
        eyes_y: distance of the eyes from the upper edge, as a fraction of the image.

    Returns:
        The image, uint8 [size, size], gray.
    """
    source, target = frames(size, unit, eyes_y)
    drawn = head(expression, rng, source)
    maps = camera.pose(drawn.scene, source, target)
    return drawn.photograph(*maps, drawn.scene, target, size, rng)


def head(expression: str, rng: np.random.Generator, source: Frame) -> Head:
    """Draw the lit frontal head of a random person with an expression."""
    au = units.sample(expression, rng)
    person, scene = sample_person(rng), sample_scene(rng)
    return draw(person, scene, au, source, rng)


def draw(
    person: Person, scene: Scene, au: list[float], source: Frame, rng: np.random.Generator
) -> Head:
    """Draw the lit frontal head of a person.

    Args:
        person: person to draw.
        scene: light and accessories.
        au: intensities of the action units, indexed by FACS number.
        source: canvas of the head.
        rng: random generator of hair and beard.
    """
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
    return Head(person, scene, au, lit, coverage)
