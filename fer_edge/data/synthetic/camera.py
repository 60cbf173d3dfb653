"""Turns a lit frontal head into a photo: pose, background, exposure, lens, sensor and file."""

import math
from functools import lru_cache

import cv2
import numpy as np

from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Scene


@lru_cache(maxsize=8)
def depth(frame: Frame) -> np.ndarray:
    """Depth of the face's points, float32 [h, w] in head units, positive towards the camera.

    A smooth approximation of the relief, the same for all persons, so that a rotated head never
    folds.
    """
    xs, ys = frame.columns, frame.rows
    skull = np.outer(np.exp(-((ys - 0.1) ** 2) / 1.9), np.exp(-(xs**2) / 0.8)) * 0.75
    nose = np.outer(np.exp(-(((ys - 0.42) / 0.3) ** 2)), np.exp(-((xs / 0.2) ** 2))) * 0.22
    return (skull + nose).astype(np.float32)


def pose(scene: Scene, source: Frame, target: Frame) -> tuple[np.ndarray, np.ndarray]:
    """The source position of each pixel of the photo: the maps for `cv2.remap`.

    The head is rotated by yaw and pitch about its center and projected orthographically; roll, zoom
    and shift transform the image. One iteration of the inverse suffices for such smooth depths.
    """
    xs, ys = target.columns - scene.shift_x, target.rows - scene.shift_y
    angle = math.radians(scene.roll)
    cos, sin = math.cos(angle) / scene.zoom, math.sin(angle) / scene.zoom
    # Roll about the center of the face, half a unit below the eyes.
    x = (xs * cos)[None, :] + ((ys - 0.5) * sin)[:, None]
    y = 0.5 + ((ys - 0.5) * cos)[:, None] - (xs * sin)[None, :]
    z = depth(target)
    yaw, pitch = math.radians(scene.yaw), math.radians(scene.pitch)
    x = (x - z * math.sin(yaw)) / math.cos(yaw)
    y = (y - z * math.sin(pitch)) / math.cos(pitch)
    return x * source.unit + source.x, y * source.unit + source.y


def backdrop(scene: Scene, target: Frame, rng: np.random.Generator) -> np.ndarray:
    """A blurred room: a few patches of light, float32 [h, w], 0..255."""
    patches = rng.normal(scene.backdrop, rng.uniform(5, 50), (5, 5)).astype(np.float32)
    return cv2.resize(patches, (target.side, target.side), interpolation=cv2.INTER_LINEAR)


def sense(picture: np.ndarray, scene: Scene, size: int, rng: np.random.Generator) -> np.ndarray:
    """Simulate the camera: scale down, expose, blur, add noise and compress.

    Args:
        picture: reflected light, float32 [h, w], 0 to 255 and above.
        scene: exposure, gamma, blur and noise (pixels and gray levels of a 48-pixel image), JPEG
            quality.
        size: side of the result in pixels.
        rng: random generator of the sample.

    Returns:
        The photo, uint8 [size, size].
    """
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    np.clip(small * (scene.exposure / 255), 0, 1, out=small)
    small = small**scene.gamma * 255
    if scene.blur:
        small = cv2.GaussianBlur(small, (0, 0), scene.blur * size / 48)
    small += rng.standard_normal(small.shape, dtype=np.float32) * scene.noise
    gray = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    if scene.jpeg:
        _, data = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg])
        gray = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return gray
