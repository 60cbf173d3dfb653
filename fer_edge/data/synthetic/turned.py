"""A drawn head seen from any side, with the truth about the view: pose, landmarks, depth.

`camera.pose` bends the frontal picture a little, which suffices for heads that are nearly frontal.
Here the head is a height field that is turned as a rigid body; each pixel follows its line of sight
to the first point of the surface, so that a nose hides the cheek behind it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from device.faces import pose
from fer_edge.data.synthetic import anatomy, paint, relief
from fer_edge.data.synthetic.frame import Frame
from fer_edge.data.synthetic.landmarks import landmarks
from fer_edge.data.synthetic.person import Scene
from fer_edge.data.synthetic.render import Head, frames, head

BEHIND = -0.2
"""Height of what is not the head: hair beside it, neck and background, in head units."""
RIM = 0.95
"""Where the side of the head begins, as a fraction of the distance to its outline."""
CENTER = np.array([0.0, 0.45, 0.45], np.float32)
"""Point about which the head turns, in head units."""

_NEAR, _FAR, _STEPS = 1.6, -1.4, 30  # along the line of sight, in head units from the center
_HALVINGS = 3
_COARSE = 2  # lines of sight are followed for every second pixel of the canvas and axis
_HIDDEN = 0.12  # a landmark this far behind the visible surface is hidden


@dataclass(frozen=True)
class View:
    """A drawn face and the truth about it.

    Attributes:
        image: uint8 [size, size], gray.
        landmarks: float32 [68, 3], pixels, in the layout of `device.faces.points`; pixel centers
            have whole numbers. The third is depth in the same unit, positive towards the camera;
            0 is the center of the head.
        frontal: float32 [68, 3], the landmarks of the same head seen from the front, neither
            zoomed nor shifted, from the center of the image.
        visible: bool [68]; False if the head itself hides the point. Hair, glasses and masks do
            not count.
        depth: float32 [size, size] of the surface seen in each pixel, in pixels as that of the
            landmarks; NaN in the background.
        yaw, pitch, roll: degrees; signs as in `device.faces.pose`.
    """

    image: np.ndarray
    landmarks: np.ndarray
    frontal: np.ndarray
    visible: np.ndarray
    depth: np.ndarray
    yaw: float
    pitch: float
    roll: float


def render(
    expression: str,
    rng: np.random.Generator,
    size: int,
    *,
    unit: float,
    eyes_y: float,
    yaw: float | None,
    pitch: float | None,
    roll: float | None,
) -> View:
    """Draw a random person with an expression, from a given side.

    Args:
        expression: one of `device.labels.FER2013`.
        rng: random generator of the sample.
        size: side of the image in pixels.
        unit: half the width of a head, as a fraction of the image.
        eyes_y: distance of the eyes from the upper edge, as a fraction of the image.
        yaw: degrees; None for that of the sample's pose.
        pitch: degrees, or None.
        roll: degrees, or None.
    """
    source, target = frames(size, unit, eyes_y)
    drawn = head(expression, rng, source)
    scene = drawn.scene
    scene = replace(
        scene,
        yaw=scene.yaw if yaw is None else yaw,
        pitch=scene.pitch if pitch is None else pitch,
        roll=scene.roll if roll is None else roll,
    )
    matrix = pose.rotation(scene.yaw, scene.pitch, scene.roll)
    heights = _heights(drawn, source)
    place, along = _surface(heights, matrix, scene, source, target)
    image = drawn.photograph(*_pixels(place, source), scene, target, size, rng)

    points = landmarks(drawn.person, drawn.au)
    shift = (scene.shift_x, scene.shift_y)
    marks = _marks((points - CENTER) @ matrix.T, scene.zoom, shift, target, size)
    frontal = _marks(points - CENTER, 1.0, (0.0, 0.0), target, size)
    frontal[:, :2] -= (size - 1) / 2
    scale = target.unit * size / target.side * scene.zoom
    seen = np.where(_at(drawn.coverage, place, source) > 127, along, np.nan)
    depth = cv2.resize(seen, (size, size), interpolation=cv2.INTER_NEAREST) * scale
    return View(
        image=image,
        landmarks=marks,
        frontal=frontal,
        visible=_visible(marks, depth, _HIDDEN * scale),
        depth=depth.astype(np.float32),
        yaw=scene.yaw,
        pitch=scene.pitch,
        roll=scene.roll,
    )


def _marks(
    points: np.ndarray, zoom: float, shift: tuple[float, float], target: Frame, size: int
) -> np.ndarray:
    """Pixels of the photo, whose centers have whole numbers, of points from the head's center."""
    ratio = size / target.side
    origin = np.array([target.x, target.y])
    origin += (np.array(shift) + CENTER[:2] * zoom) * target.unit
    marks = points * (target.unit * ratio * zoom)
    marks[:, :2] += (origin + 0.5) * ratio - 0.5
    return marks.astype(np.float32)


def _heights(drawn: Head, source: Frame) -> np.ndarray:
    """The height of every point of the frontal canvas, float32 [side, side], in head units."""
    inside = np.zeros((source.side, source.side), np.uint8)
    # The head ends a little inside its outline, so that its side shows skin and not background.
    paint.fill(inside, source, anatomy.head(drawn.person, drawn.au) * RIM, 255)
    share = cv2.GaussianBlur(inside, (0, 0), 0.02 * source.unit).astype(np.float32) / 255
    surface = relief.heights(drawn.person, drawn.au, source)
    return np.asarray(BEHIND + (surface - BEHIND) * share, np.float32)


def _surface(
    heights: np.ndarray, matrix: np.ndarray, scene: Scene, source: Frame, target: Frame
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The point of the head that each pixel sees.

    Returns:
        Its x and y on the frontal head, and its depth in the view, float32 [side, side] each, in
        head units.
    """
    first = (_COARSE - 1) / 2
    grid = Frame(
        target.side // _COARSE,
        target.unit / _COARSE,
        (target.x - first) / _COARSE,
        (target.y - first) / _COARSE,
    )
    u = (grid.columns - scene.shift_x) / scene.zoom - CENTER[0]
    v = (grid.rows - scene.shift_y) / scene.zoom - CENTER[1]
    back = matrix.astype(np.float32)  # transposed: rows of the view to the head
    right = back[0][:, None, None] * u[None, None, :] + back[1][:, None, None] * v[None, :, None]
    right += CENTER[:, None, None]

    def gap(t: np.ndarray | float) -> np.ndarray:
        """How far the surface is in front of the point at depth t."""
        x, y, z = (right[axis] + back[2, axis] * t for axis in range(3))
        return np.asarray(_at(heights, (x, y), source) - z)

    # March towards the head until the surface is passed, then halve the last step.
    step = (_NEAR - _FAR) / _STEPS
    found = np.full(right.shape[1:], np.float32(_FAR))
    open_ = np.ones(found.shape, bool)
    for t in np.linspace(_NEAR, _FAR, _STEPS + 1, dtype=np.float32):
        hit = open_ & (gap(t) >= 0)
        found[hit] = t
        open_ &= ~hit
        if not open_.any():
            break
    low, high = found, found + np.float32(step)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        passed = gap(middle) >= 0
        low, high = np.where(passed, middle, low), np.where(passed, high, middle)
    along = (low + high) / 2
    x, y, along = (
        cv2.resize(values, (target.side, target.side), interpolation=cv2.INTER_LINEAR)
        for values in (right[0] + back[2, 0] * along, right[1] + back[2, 1] * along, along)
    )
    return (x, y), along


def _pixels(place: tuple[np.ndarray, np.ndarray], source: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Head units to pixels of the frontal canvas: the maps for `cv2.remap`."""
    return place[0] * source.unit + source.x, place[1] * source.unit + source.y


def _at(values: np.ndarray, place: tuple[np.ndarray, np.ndarray], source: Frame) -> np.ndarray:
    """Values of the frontal canvas at points in head units."""
    maps = _pixels(place, source)
    return cv2.remap(values, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _visible(marks: np.ndarray, depth: np.ndarray, tolerance: float) -> np.ndarray:
    """Which points nothing of the head hides; those outside the image count as visible."""
    near = cv2.remap(
        np.nan_to_num(depth, nan=-np.inf).astype(np.float32),
        marks[None, :, 0],
        marks[None, :, 1],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1e9,
    )[0]
    return np.asarray(near <= marks[:, 2] + tolerance)
