"""Hair, beards, glasses, masks and clothes: things around a face or in front of it."""

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy
from fer_edge.data.synthetic.anatomy import MIRROR
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.paint import fill, line, oval
from fer_edge.data.synthetic.person import Person, Scene

_CAP = np.linspace(np.pi * 0.98, 2.02 * np.pi, 21)
_CAP_SHAPE = np.stack([np.cos(_CAP), np.sin(_CAP)], axis=1)
_ROUND = np.linspace(0, 2 * np.pi, 25)
_RIM = np.stack(
    [np.sign(f(_ROUND)) * np.abs(f(_ROUND)) ** 0.75 for f in (np.cos, np.sin)], axis=1
) * (0.31, 0.25)

HAIRLINES = {
    "short": [(-0.45, -0.84), (0, -0.9), (0.45, -0.84), (0.8, -0.5), (0.93, -0.12)],
    "parted": [(-0.78, -0.6), (-0.35, -0.96), (0.4, -0.76), (0.82, -0.55), (0.93, -0.1)],
    "fringe": [(-0.83, -0.44), (-0.3, -0.55), (0.1, -0.6), (0.5, -0.54), (0.84, -0.42), (0.93, 0)],
    "long": [(-0.75, -0.5), (-0.05, -0.86), (0.1, -0.86), (0.75, -0.5), (0.81, 0.1), (0.93, 1)],
}
"""From left to right in the image; `hair` adds the left end and the person's own hairline."""


def behind(canvas: np.ndarray, frame: Frame, person: Person, scene: Scene) -> None:
    """Draw the parts behind the head: long hair, shoulders, neck and ears."""
    if person.hair_style == "long":
        wide, crown = person.width + 0.12 + person.hair_volume, person.crown + person.hair_volume
        ends = [(wide + 0.05, 1.0), (wide - 0.1, 1.9), (-wide + 0.1, 1.9), (-wide - 0.05, 1.0)]
        fill(canvas, frame, np.concatenate([_CAP_SHAPE * (wide, crown), ends]), person.hair * 0.8)
    collar = person.chin + 0.5
    slope = [(0.55, 0.0), (1.1, 0.15), (2.1, 0.45), (2.4, 1.2), (2.6, 6)]
    right = np.array([(x, collar + y) for x, y in slope])
    fill(canvas, frame, np.concatenate([right, right[::-1] * MIRROR]), scene.cloth)
    neck = np.array([(0.62, 0.6), (0.6, collar), (0, collar + 0.28), (-0.6, collar), (-0.62, 0.6)])
    fill(canvas, frame, neck, person.skin * 0.62)
    for sign in (-1, 1):
        oval(canvas, frame, (sign * person.width, 0.12), (0.11, 0.24), person.skin * 0.88, sign * 8)


def hair(frame: Frame, person: Person) -> np.ndarray | None:
    """The area of the hair in front of the head, uint8 [h, w]; None for a bald head."""
    if person.hair_style == "bald":
        return None
    crown = person.crown + 0.04 + person.hair_volume
    hairline = np.array(HAIRLINES[person.hair_style])
    # Only the middle follows the person's hairline; the temples stay at the ears.
    rise = (0.84 - person.hairline) * np.clip(-hairline[:, 1:] * 2 - 0.6, 0, 1)
    left_end = hairline[-1:] * MIRROR
    hairline = np.concatenate([left_end, hairline + rise * (0, 1)]) * (person.width, 1)
    area = np.concatenate([_CAP_SHAPE * (person.width + 0.06, crown), _smooth(hairline)[::-1]])
    mask = np.zeros((frame.side, frame.side), np.uint8)
    fill(mask, frame, area, 255)
    return mask


def beard(frame: Frame, person: Person, au: list[float]) -> np.ndarray | None:
    """The density of the beard, uint8 [h, w]; None for a shaved face."""
    if person.moustache == 0:
        return None
    mask = np.zeros((frame.side, frame.side), np.uint8)
    part = anatomy.mouth(person, au)
    if person.beard > 0:
        jaw = anatomy.head(person, au)
        jaw = jaw[jaw[:, 1] > 0.35]
        inner = np.array([(-0.72, 0.55), (-0.5, 0.8), (0, 0.7), (0.5, 0.8), (0.72, 0.55)])
        fill(mask, frame, np.concatenate([jaw, inner]), 255 * person.beard)
    lip, nose = part.outer_upper * (1.08, 1) - (0, 0.015), person.nose_length + 0.1
    fill(mask, frame, np.concatenate([lip, [(0.15, nose), (-0.15, nose)]]), 255 * person.moustache)
    fill(mask, frame, np.concatenate([part.outer_upper, part.outer_lower[::-1]]), 0)
    return cv2.GaussianBlur(mask, (0, 0), max(0.03 * frame.unit, 0.3))


def grow(canvas: np.ndarray, mask: np.ndarray, tone: float, rng: np.random.Generator) -> None:
    """Cover the masked area with strands of hair."""
    strands = rng.standard_normal((4, 28), dtype=np.float32) * (4 + 0.08 * tone) + tone
    covered = cv2.resize(strands, canvas.shape[::-1], interpolation=cv2.INTER_LINEAR)
    np.clip(covered, 0, 255, out=covered)
    canvas[:] = canvas + (covered - canvas) * (mask.astype(np.float32) / 255)


def glasses(canvas: np.ndarray, frame: Frame, person: Person, kind: str, tone: float) -> None:
    """Draw rims, bridge and temples."""
    width = 0.035 if kind == "thin" else 0.07
    outside = person.eye_distance + 0.32
    rim = _RIM + np.array([person.eye_distance + 0.02, 0.04])
    temple = np.array([(outside, -0.04), (1.0, -0.08)])
    for side in ((1, 1), MIRROR):
        line(canvas, frame, rim * side, tone, width)
        line(canvas, frame, temple * side, tone, width)
    line(canvas, frame, np.array([(-0.12, 0.0), (0, -0.05), (0.12, 0.0)]), tone, width)


def mask(
    canvas: np.ndarray, depths: np.ndarray, frame: Frame, person: Person, kind: str, au: list[float]
) -> None:
    """Draw a pleated face mask over nose and mouth; it hides the creases below it."""
    chin = person.chin + anatomy.jaw_drop(au)
    half = np.array(
        [(0.0, 0.3), (0.3, 0.36), (0.93, 0.42), (0.86, 0.95), (0.5, chin), (0, chin + 0.1)]
    )
    area = np.concatenate([half, half[::-1] * MIRROR])
    tone = 205 if kind == "light" else 48
    for sign in (-1, 1):
        line(canvas, frame, np.array([(sign * 0.9, 0.45), (sign * 1.04, 0.1)]), tone, 0.03)
    fill(canvas, frame, area, tone)
    fill(depths, frame, area, 0)
    for y in (0.65, 0.85, 1.05):
        line(canvas, frame, np.array([(-0.7, y), (0, y + 0.06), (0.7, y)]), tone * 0.82, 0.03)


def _smooth(points: np.ndarray) -> np.ndarray:
    """Smooth a line by cutting its corners twice (G. M. Chaikin 1974)."""
    for _ in range(2):
        first, second = (
            points[:-1] * 0.75 + points[1:] * 0.25,
            points[:-1] * 0.25 + points[1:] * 0.75,
        )
        between = np.stack([first, second], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], between, points[-1:]])
    return points
