"""From a lit, frontal head to a picture: pose, backdrop, exposure, lens, sensor and file."""

from functools import lru_cache

import cv2
import numpy as np

from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Scene


@lru_cache(maxsize=8)
def depth(frame: Frame) -> np.ndarray:
    """How far a face's points stand out of the image, float32 [h, w] in head units.

    A smooth stand-in for the relief, shared by all persons, so that a turned head never folds.
    """
    xs, ys = frame.columns, frame.rows
    skull = np.outer(np.exp(-((ys - 0.1) ** 2) / 1.9), np.exp(-(xs**2) / 0.8)) * 0.75
    nose = np.outer(np.exp(-(((ys - 0.42) / 0.3) ** 2)), np.exp(-((xs / 0.2) ** 2))) * 0.22
    return (skull + nose).astype(np.float32)


def pose(scene: Scene, source: Frame, target: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the picture comes from: the maps for `cv2.remap`.

    The head turns by yaw and pitch about its centre and is projected in parallel; roll, zoom and
    shift move the picture. One step of the inverse is enough for a depth this smooth.
    """
    xs, ys = target.columns - scene.shift_x, target.rows - scene.shift_y
    angle = np.deg2rad(scene.roll)
    cos, sin = np.cos(angle) / scene.zoom, np.sin(angle) / scene.zoom
    # Roll about the face's middle, half a unit below the eyes.
    x = (xs * cos)[None, :] + ((ys - 0.5) * sin)[:, None]
    y = 0.5 + ((ys - 0.5) * cos)[:, None] - (xs * sin)[None, :]
    z = depth(target)
    yaw, pitch = np.deg2rad(scene.yaw), np.deg2rad(scene.pitch)
    x = (x - z * np.sin(yaw)) / np.cos(yaw)
    y = (y - z * np.sin(pitch)) / np.cos(pitch)
    return (
        (x * source.unit + source.x).astype(np.float32),
        (y * source.unit + source.y).astype(np.float32),
    )


def backdrop(scene: Scene, target: Frame, rng: np.random.Generator) -> np.ndarray:
    """A blurred room: a few patches of light, float32 [h, w] of 0..255."""
    patches = rng.normal(scene.backdrop, rng.uniform(5, 50), (5, 5)).astype(np.float32)
    return cv2.resize(patches, (target.side, target.side), interpolation=cv2.INTER_LINEAR)


def expose(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """Apply exposure and gamma: float32 of 0..255 in and out."""
    scaled = np.clip(picture * (scene.exposure / 255), 0.0, 1.0)
    return scaled**scene.gamma * 255


def sense(picture: np.ndarray, scene: Scene, size: int, rng: np.random.Generator) -> np.ndarray:
    """Scale down, blur, add noise and compress: uint8 [size, size]."""
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    if scene.blur:
        small = cv2.GaussianBlur(small, (0, 0), scene.blur * size / 48)
    small += rng.standard_normal(small.shape, dtype=np.float32) * scene.noise
    grey = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    if scene.jpeg:
        _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, scene.jpeg])
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return grey
