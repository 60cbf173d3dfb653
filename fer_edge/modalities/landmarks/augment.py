"""Changes to faces for training: the detector's error, light, blur, noise, few pixels, covers."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from device.faces import points
from fer_edge.modalities.landmarks.recipe import Augment

NONE = Augment(shift=0, scale=0, turn=0, light=0, blur=0, noise=0, small=0, cover=0)
"""No change, as for measuring."""

_FIVE_MIRRORED = np.array([1, 0, 2, 4, 3])


def sample(
    image: NDArray[np.uint8],
    marks: NDArray[np.float32],
    side: float,
    size: int,
    options: Augment,
    random: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Crop a face as a detector with errors would, and change the picture.

    Args:
        image: uint8 [h, h], the crop in its middle.
        marks: [68, 2] or [5, 2], 0 is the center of the image and 1 the side of the crop.
        side: side of the crop in pixels of the image.
        size: side of the result in pixels.
        options: what is changed and how much.
        random: source of the changes.

    Returns:
        uint8 [size, size], and the points in the new crop, float32.
    """
    turn = math.radians(random.uniform(-options.turn, options.turn))
    zoom = 1 + random.uniform(-options.scale, options.scale)
    shift = random.uniform(-options.shift, options.shift, 2)
    flip = options is not NONE and random.random() < 0.5
    # From the new crop to the old one, both with 1 for their sides and 0 in their centers.
    cos, sin = math.cos(turn) * zoom, math.sin(turn) * zoom
    matrix = np.array([[cos, -sin], [sin, cos]])
    if flip:
        matrix[:, 0] *= -1
    middle = (len(image) - 1) / 2
    step = matrix * (side / size)
    offset = middle + shift * side - step @ np.full(2, (size - 1) / 2)
    cropped = cv2.warpAffine(
        image,
        np.column_stack([step, offset]),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if random.random() < 0.7 else cv2.BORDER_CONSTANT,
    )
    moved = (marks - shift) @ np.linalg.inv(matrix).T
    if flip:
        moved = moved[points.MIRRORED if len(moved) == points.COUNT else _FIVE_MIRRORED]
    changed = cropped if options is NONE else _photo(cropped, options, random)
    return changed, moved.astype(np.float32)


def _photo(
    face: NDArray[np.uint8], options: Augment, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Change light and sharpness."""
    size = len(face)
    changed = face.astype(np.float32)
    if random.random() < options.cover:
        _cover(changed, random)
    if options.light:
        changed = _light(changed, options.light, random)
    if random.random() < options.small:
        few = int(random.integers(size // 3, size))
        changed = cv2.resize(changed, (few, few), interpolation=cv2.INTER_AREA)
        changed = cv2.resize(changed, (size, size), interpolation=cv2.INTER_LINEAR)
    blur = random.uniform(-options.blur, options.blur)
    if blur > 0.3:
        changed = cv2.GaussianBlur(changed, (0, 0), blur)
    noise = options.noise * random.random() ** 2
    changed = changed + random.standard_normal(face.shape, dtype=np.float32) * noise
    return np.clip(changed, 0, 255).astype(np.uint8)


def _light(
    face: NDArray[np.float32], strength: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Another gamma, contrast and brightness, and light that falls off to one side."""
    gamma = math.exp(random.normal(0, 0.3 * strength))
    lit = 255 * (np.clip(face, 0, 255) / 255) ** gamma
    ramp = np.linspace(-1, 1, len(face), dtype=np.float32)
    across, down = random.normal(0, 0.25 * strength, 2)
    lit = lit * np.clip(1 + across * ramp[None, :] + down * ramp[:, None], 0.2, 1.8)
    contrast = math.exp(random.normal(0, 0.25 * strength))
    shift = random.normal(0, 20 * strength)
    return np.asarray((lit - lit.mean()) * contrast + lit.mean() + shift, np.float32)


def _cover(face: NDArray[np.float32], random: np.random.Generator) -> None:
    """Draw a shape over a part, as of a hand, hair or the frame's edge."""
    size = len(face)
    tone = float(random.uniform(0, 255))
    center = (int(random.integers(0, size)), int(random.integers(0, size)))
    axes = (int(random.uniform(0.05, 0.3) * size), int(random.uniform(0.05, 0.3) * size))
    cv2.ellipse(face, center, axes, float(random.uniform(0, 180)), 0, 360, tone, -1)
