"""Skin creases caused by action units and age."""

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy
from fer_edge.data.synthetic.anatomy import MIRROR
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Person

FAINTEST = 0.04
_T = np.linspace(0, 1, 9)[:, None]


def folds(person: Person, au: list[float]) -> list[tuple[float, ...]]:
    """The creases of the right half of the face; the left half is its mirror image.

    Returns:
        One tuple per crease: x and y of its start, x and y of its end, its bow to the left of that
        direction (as a fraction of its length), depth 0..1, width in head units.
    """
    old, drop = person.age, anatomy.jaw_drop(au)
    found: list[tuple[float, ...]] = []
    forehead = 0.25 * old + 0.6 * max(0.9 * au[1], au[2])
    reach, curve = 0.3 + 0.25 * max(au[2], old), 0.06 - 0.12 * au[1] * (1 - au[2])
    for row in range(3):
        y = -0.56 - 0.12 * row - 0.03 * (au[1] + au[2])
        found.append((-reach, y, reach, y, curve, forehead * (1 - 0.15 * row), 0.035))

    found.append((0.07, -0.34, 0.075, -0.08, 0.05, 0.95 * au[4], 0.04))
    # Nasolabial fold, from the wing of the nose around the corner of the mouth.
    mouth_x = person.mouth_width * (1 + 0.2 * au[12] + 0.25 * au[20])
    mouth_y = person.mouth_y - 0.15 * au[12] + 0.12 * au[15]
    wing = person.nose_length - 0.1 - 0.07 * max(au[9], au[10])
    fold = 0.08 + 0.3 * old + 0.75 * au[12] + 0.65 * au[9] + 0.6 * au[10] + 0.2 * au[15]
    fold_end = (mouth_x + 0.12, mouth_y + 0.02)
    found.append((person.nose_width + 0.05, wing, *fold_end, 0.12, fold, 0.045))
    # Lines down from the corners of the mouth.
    droop = 0.12 * old + 0.7 * au[15] + 0.3 * au[20]
    found.append((mouth_x, mouth_y + 0.03, mouth_x + 0.08, mouth_y + 0.2, 0.1, droop, 0.035))
    # Crow's feet, and the bag under the lower lid.
    corner = person.eye_distance + person.eye_size + 0.04
    feet = 0.2 * old + 0.5 * au[6]
    for dy in (-0.07, 0.0, 0.07):
        found.append((corner, 0.5 * dy, corner + 0.15, 1.9 * dy, 0.0, feet, 0.02))
    below = 0.13 - 0.04 * max(au[6], au[7])
    bag = 0.1 + 0.25 * old + 0.45 * max(au[6], au[7], 0.8 * au[9])
    found.append((0.22, below - 0.03, 0.62, below - 0.04, -0.14, bag, 0.03))
    # A wrinkled nose: three lines across its root and one along its side.
    wrinkle = max(au[9] - 0.1, 0.0)
    for y, share in ((0.02, 0.85), (0.11, 1.0), (0.2, 0.8)):
        found.append((0.03, y, 0.18, y - 0.1, 0.0, share * wrinkle, 0.03))
    found.append((0.2, 0.32, 0.31, 0.15, 0.1, wrinkle, 0.04))
    chin = person.mouth_y + 0.23 + 0.9 * drop
    found.append((-0.17, chin, 0.17, chin, 0.12, 0.25 + 0.5 * au[17], 0.045))
    if au[17] > 0.3:
        for x, dy in ((0.04, 0.06), (0.1, 0.09), (0.0, 0.14), (0.07, 0.13)):
            y = chin + dy
            found.append((x - 0.02, y, x + 0.02, y + 0.01, 0.0, 0.6 * au[17], 0.02))
    return found


def draw(lines: list[tuple[float, ...]], frame: Frame) -> np.ndarray:
    """Draw creases as soft depths: uint8 [h, w], 255 is deepest."""
    table = np.array(lines)
    start, end = table[:, None, 0:2], table[:, None, 2:4]
    along = end - start
    normal = along[:, :, ::-1] * [1, -1] * table[:, None, 4:5]
    right = start + along * _T + normal * 4 * _T * (1 - _T)
    points = frame.pixels(np.stack([right, right * MIRROR], axis=1))
    canvas = np.zeros((frame.side, frame.side), np.uint8)
    for curves, (*_, depth, width) in zip(points, lines, strict=True):
        if depth > FAINTEST:
            cv2.polylines(
                canvas,
                list(curves),  # ten times as fast as an array
                False,
                min(255 * depth, 255),
                frame.length(width),
                cv2.LINE_AA,
                frame.SHIFT,
            )
    return cv2.GaussianBlur(canvas, (0, 0), max(0.02 * frame.unit, 0.3))
