"""Corruptions of face crops by light, cameras, occlusion and detector errors.

Each function takes a uint8 [48, 48] face, a severity 1..5 and a random generator, and returns
another uint8 [48, 48] face. The set follows Hendrycks and Dietterich 2019 ("Benchmarking neural
network robustness to common corruptions and perturbations") where it applies to small gray faces;
side light, glasses, masks and errors of the detector's box are specific to faces.
"""

import math
from collections.abc import Callable
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

Face = NDArray[np.uint8]
Corruption = Callable[[Face, int, np.random.Generator], Face]

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 48

# Eyes and mouth in FER2013's crops: left, top, right, bottom as fractions of the side.
_EYES = (0.14, 0.26, 0.86, 0.48)
_MOUTH = (0.22, 0.58, 0.78, 1.0)


def _clip(values: NDArray[np.floating]) -> Face:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _scale(levels: tuple[float, float, float, float, float], severity: int) -> float:
    return levels[severity - 1]


def darker(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Subtract a constant from every pixel."""
    return _clip(face.astype(np.float32) - _scale((25, 45, 65, 85, 105), severity))


def brighter(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Add a constant to every pixel."""
    return _clip(face.astype(np.float32) + _scale((25, 45, 65, 85, 105), severity))


def low_contrast(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Scale the pixels towards their mean."""
    mean = float(face.mean())
    return _clip((face - mean) * _scale((0.7, 0.5, 0.35, 0.25, 0.15), severity) + mean)


def gamma(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Raise the pixels to a power above or below 1, at random: a wrong exposure curve."""
    power = _scale((1.4, 1.8, 2.3, 2.9, 3.6), severity)
    power = power if rng.random() < 0.5 else 1 / power
    return _clip(255 * (face / 255.0) ** power)


def side_light(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Light from the left, the right or above, at random; the far side falls into shadow."""
    ramp = np.linspace(1, 0, SIDE, dtype=np.float32)
    light = (ramp[np.newaxis, :], ramp[np.newaxis, ::-1], ramp[:, np.newaxis])[rng.integers(3)]
    depth = _scale((0.3, 0.45, 0.6, 0.75, 0.9), severity)
    return _clip(face * (1 - depth * (1 - light)) * (1 + 0.3 * depth * light))


def noise(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Add Gaussian noise, as cameras produce in low light."""
    return _clip(face + rng.normal(0, _scale((6, 12, 20, 30, 42), severity), face.shape))


def motion_blur(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Average along a line of random direction."""
    length = int(_scale((3, 5, 7, 9, 12), severity))
    size = length | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, math.pi)
    middle = size // 2
    reach = (length - 1) / 2
    end = (round(middle + reach * math.cos(angle)), round(middle + reach * math.sin(angle)))
    start = (2 * middle - end[0], 2 * middle - end[1])
    cv2.line(kernel, start, end, 1.0)
    return cv2.filter2D(face, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def defocus_blur(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Average over a disk."""
    radius = _scale((0.8, 1.3, 1.9, 2.6, 3.4), severity)
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return cv2.filter2D(face, -1, disk / disk.sum(), borderType=cv2.BORDER_REPLICATE)


def jpeg(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Compress and decompress as JPEG."""
    quality = int(_scale((40, 25, 15, 9, 5), severity))
    content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None  # it was encoded in the line above
    return np.asarray(decoded, np.uint8)


def low_resolution(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Shrink the face to fewer pixels and scale it back up: a face far from the camera."""
    side = int(_scale((36, 28, 22, 16, 12), severity))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def dark_glasses(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Cover the eyes with dark glasses; size and darkness increase with severity."""
    left, top, right, bottom = (SIDE * value for value in _EYES)
    opacity = _scale((0.5, 0.7, 0.85, 0.95, 1.0), severity)
    grow = 1 + 0.05 * (severity - 1)
    mask = np.zeros(face.shape, np.float32)
    jitter = rng.uniform(-1.5, 1.5, 2)
    radius = ((right - left) * 0.23 * grow, (bottom - top) * 0.46 * grow)
    for share in (0.25, 0.75):
        center = (left + share * (right - left) + jitter[0], (top + bottom) / 2 + jitter[1])
        cv2.ellipse(mask, (center, (2 * radius[0], 2 * radius[1]), 0), 1.0, -1)
    cv2.line(
        mask, (int(left), int((top + bottom) / 2)), (int(right), int((top + bottom) / 2)), 1.0, 1
    )
    return _clip(face * (1 - opacity * mask) + 15 * opacity * mask)


def face_mask(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Cover mouth and chin, at higher severity also the nose, with a light mask."""
    left, _, right, bottom = (SIDE * value for value in _MOUTH)
    top = SIDE * _scale((0.80, 0.72, 0.66, 0.60, 0.52), severity) + rng.uniform(-1, 1)
    points = [(left, top), (right, top), (right + 3, SIDE * 0.8), (right - 6, bottom)]
    points += [(left + 6, bottom), (left - 3, SIDE * 0.8)]
    covered = face.copy()
    cv2.fillPoly(covered, [np.rint(points).astype(np.int32)], int(rng.integers(150, 230)))
    return covered


def hand(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Cover a cheek and part of the mouth with a skin-gray ellipse from the side."""
    covered = face.copy()
    x = SIDE * (0.05 if rng.random() < 0.5 else 0.95)
    axes = (SIDE * (0.18 + 0.07 * severity), SIDE * (0.24 + 0.06 * severity))
    cv2.ellipse(covered, ((x, SIDE * 0.7), axes, rng.uniform(-30, 30)), int(face.mean()), -1)
    return covered


def hair(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Draw dark strands from above over forehead and eyes."""
    covered = face.copy()
    for _ in range(6 * severity):
        x = rng.uniform(0, SIDE)
        length = SIDE * rng.uniform(0.2, 0.25 + 0.11 * severity)
        end = (int(x + rng.uniform(-8, 8)), int(length))
        cv2.line(covered, (int(x), 0), end, int(rng.integers(10, 50)), 2, cv2.LINE_AA)
    return covered


def random_patch(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Replace a square at a random position with one gray value."""
    side = int(_scale((10, 14, 18, 22, 27), severity))
    x, y = rng.integers(0, SIDE - side + 1, 2)
    covered = face.copy()
    covered[y : y + side, x : x + side] = rng.integers(0, 256)
    return covered


def _warp(face: Face, matrix: NDArray[np.floating]) -> Face:
    return cv2.warpAffine(face, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def rotation(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Rotate in the image plane, in a random direction."""
    degrees = _sign(rng) * _scale((8, 15, 22, 30, 40), severity)
    center = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    return _warp(face, cv2.getRotationMatrix2D(center, degrees, 1))


def shift(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Shift the crop in a random direction: an inaccurate box."""
    angle = rng.uniform(0, 2 * math.pi)
    reach = SIDE * _scale((0.05, 0.09, 0.13, 0.18, 0.24), severity)
    return _warp(face, np.array([[1, 0, reach * math.cos(angle)], [0, 1, reach * math.sin(angle)]]))


def box_scale(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Crop tighter or wider, at random: a box of the wrong size."""
    factor = 1 + _scale((0.08, 0.15, 0.22, 0.30, 0.40), severity)
    factor = factor if rng.random() < 0.5 else 1 / factor
    center = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    return _warp(face, cv2.getRotationMatrix2D(center, 0, factor))


def _turn(face: Face, degrees: float, *, sideways: bool) -> Face:
    """Project the face as a plane rotated about its vertical or horizontal center line."""
    angle, distance, half = math.radians(degrees), 2.2 * SIDE, SIDE / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]], np.float32)
    along, across = (corners[:, 0], corners[:, 1]) if sideways else corners.T[::-1]
    depth = 1 + along * math.sin(angle) / distance
    turned, other = along * math.cos(angle) / depth, across / depth
    target = np.stack([turned, other] if sideways else [other, turned], axis=1) + half
    matrix = cv2.getPerspectiveTransform(corners + half, target.astype(np.float32))
    return cv2.warpPerspective(face, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def yaw(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Turn the face to a random side, as a plane in perspective."""
    return _turn(face, _sign(rng) * _scale((15, 25, 35, 45, 55), severity), sideways=True)


def pitch(face: Face, severity: int, rng: np.random.Generator) -> Face:
    """Tilt the face up or down, as a plane in perspective."""
    return _turn(face, _sign(rng) * _scale((12, 20, 28, 36, 45), severity), sideways=False)


CORRUPTIONS: dict[str, Corruption] = {
    function.__name__: function
    for function in (
        *(darker, brighter, low_contrast, gamma, side_light),
        *(noise, motion_blur, defocus_blur, jpeg, low_resolution),
        *(dark_glasses, face_mask, hand, hair, random_patch),
        *(rotation, shift, box_scale, yaw, pitch),
    )
}
"""The corruptions by name: light, sensor, occlusion, geometry."""


def corrupt(faces: NDArray[np.uint8], name: str, severity: int, *, seed: int = 0) -> Face:
    """Corrupt a set of faces, each with its own random numbers.

    Args:
        faces: faces, uint8 [n, 48, 48].
        name: a key of `CORRUPTIONS`.
        severity: severity, 1 (mild) to 5.
        seed: RNG seed; the same seed gives the same pixels for a face at the same position.

    Returns:
        The corrupted faces, uint8 [n, 48, 48].

    Raises:
        KeyError: unknown corruption.
        ValueError: severity out of range.
    """
    result = np.empty_like(faces)
    for position, face in enumerate(faces):
        result[position] = corrupt_one(face, name, severity, position=position, seed=seed)
    return result


def corrupt_one(face: Face, name: str, severity: int, *, position: int, seed: int = 0) -> Face:
    """Corrupt one face as `corrupt` does at the given position of the set: uint8 [48, 48]."""
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity}: give 1 to 5")
    rng = np.random.default_rng((seed, crc32(name.encode()), severity, position))
    return CORRUPTIONS[name](face, severity, rng)
