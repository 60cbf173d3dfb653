"""The face as a surface, so that one light shades nose, cheeks and wrinkles consistently.

The head is a product of two flat-topped curves, everything else a sum of Gaussian bumps; both are
separable, so the slopes of the whole face are a few small matrix products. Creases are lines cut
into it (`creases`). Shading is Lambert's cosine law with an ambient part and a weak highlight.
"""

import cv2
import numpy as np

from fer_edge.data.synthetic import anatomy
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.person import Person, Scene

HEAD_DEPTH = 0.7
CREASE_DEPTH = 0.035
SKULL_DEPTH = 1.15
"""From the plane of the ears to the bridge of the nose, in head units: for turning, not for light,
which wants a head that is flatter in the middle."""
PROTRUSION = 1.5
"""Factor on the elevations of the bumps when the head is turned."""


def bumps(person: Person, au: list[float]) -> np.ndarray:
    """The bumps and hollows of a face: float32 [n, 5] of x, y, width, height, elevation."""
    nose, drop = person.nose_length - 0.04 * au[9], anatomy.jaw_drop(au)
    cheek_y = 0.42 - 0.1 * max(au[6], au[12])
    cheek = 0.05 + 0.09 * max(au[6], au[12]) + 0.04 * au[9]
    brow_y = -person.brow_height + 0.05 - 0.12 * max(au[1], au[2]) + 0.12 * au[4]
    middle = [
        (0, 0.15, 0.09, 0.24, 0.12 * person.nose_height),
        (0, nose - 0.07, 0.11, 0.1, 0.17 * person.nose_height),
        (0, person.mouth_y + 0.5 * drop, 0.32, 0.2, 0.07),
        (0, person.chin - 0.2 + drop - 0.04 * au[17], 0.18, 0.13, 0.08 + 0.05 * au[17]),
        (0, -0.72, 0.5, 0.25, 0.05),
        (0, brow_y, 0.09, 0.08, 0.03 * au[4]),
    ]
    paired = [
        (0.8 * person.nose_width, nose - 0.03 - 0.03 * au[9], 0.065, 0.06, 0.07),
        (0.38, brow_y, 0.26, 0.08, 0.045 + 0.03 * au[4]),
        (person.eye_distance - 0.02, -0.01, 0.21, 0.13, -0.075),
        (0.57, cheek_y, 0.2, 0.16, cheek),
        (0.66, 0.82 + 0.5 * drop, 0.17, 0.22, -0.035 - 0.05 * drop),
        (0.86, -0.42, 0.14, 0.26, -0.05),
    ]
    both = [(sign * x, *rest) for x, *rest in paired for sign in (-1, 1)]
    return np.array(middle + both, dtype=np.float32)


def slopes(person: Person, au: list[float], frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives of the surface by x and y, float32 [h, w], without creases."""
    x, y, width, height, elevation = bumps(person, au).T[:, :, None]
    dx, dy = (frame.columns - x) / width, (frame.rows - y) / height
    across, down = np.exp(-(dx**2)), np.exp(-(dy**2)) * elevation
    chin = person.chin + anatomy.jaw_drop(au)
    wide, tall = person.width * 1.04, (chin + person.crown) / 2 * 1.06
    u, v = frame.columns / wide, (frame.rows - (chin - person.crown) / 2) / tall
    flat_x, flat_y = np.exp(-(u**4)), np.exp(-(v**4)) * HEAD_DEPTH
    # One more "bump" for the head, so that each slope is a single product.
    by_x = _product([*down, flat_y], [*(across * dx * (-2 / width)), flat_x * u**3 * (-4 / wide)])
    by_y = _product([*(down * dy * (-2 / height)), flat_y * v**3 * (-4 / tall)], [*across, flat_x])
    return by_x, by_y


def elevation(person: Person, au: list[float], points: np.ndarray) -> np.ndarray:
    """The height of points [n, 2] of the frontal head, float64 [n], in head units."""
    x, y, width, height, raised = bumps(person, au).astype(np.float64).T[:, :, None]
    dx, dy = (points[:, 0] - x) / width, (points[:, 1] - y) / height
    bumped = (np.exp(-(dx**2) - dy**2) * raised).sum(axis=0)
    return np.asarray(
        PROTRUSION * bumped + SKULL_DEPTH * _skull_x(points[:, 0]) * _skull_y(points[:, 1])
    )


def heights(person: Person, au: list[float], frame: Frame) -> np.ndarray:
    """The height of every point of a canvas, as of `elevation`: float32 [h, w]."""
    x, y, width, height, raised = bumps(person, au).T[:, :, None]
    across = np.exp(-(((frame.columns - x) / width) ** 2))
    down = np.exp(-(((frame.rows - y) / height) ** 2)) * raised * PROTRUSION
    skull = _skull_y(frame.rows) * SKULL_DEPTH
    return _product([*down, skull], [*across, _skull_x(frame.columns)])


def shade(
    person: Person, scene: Scene, au: list[float], depths: np.ndarray, frame: Frame
) -> np.ndarray:
    """Light the surface.

    Args:
        person: person with the shape of the head.
        scene: scene with the direction of the light.
        au: intensities of the action units.
        depths: depths of the creases, float32 [h, w], 0..1.
        frame: the canvas.

    Returns:
        Factor on the reflectance, float32 [h, w], about 0.2..1.2.
    """
    by_x, by_y = slopes(person, au, frame)
    # Sobel's kernel returns eight times the difference of neighboring pixels.
    scale = -CREASE_DEPTH * frame.unit / 8
    by_x += cv2.Sobel(depths, cv2.CV_32F, 1, 0, scale=scale)
    by_y += cv2.Sobel(depths, cv2.CV_32F, 0, 1, scale=scale)
    x, y, z = scene.light
    facing = (z - x * by_x - y * by_y) / np.sqrt(1 + by_x * by_x + by_y * by_y)
    np.maximum(facing, 0, out=facing)
    shine = facing * facing
    shine *= shine * shine
    light = scene.ambient + (1.1 - scene.ambient) * facing + 0.12 * shine * shine
    return light * (1 - 0.5 * depths)


def _product(rows: list[np.ndarray], columns: list[np.ndarray]) -> np.ndarray:
    return np.asarray(rows, np.float32).T @ np.asarray(columns, np.float32)


def _skull_x(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2))


def _skull_y(y: np.ndarray) -> np.ndarray:
    """The forehead recedes more than the chin."""
    return np.exp(-((y - 0.3) ** 2) / np.where(y < 0.3, 2.6, 5.0))
