"""A drawn person whose expression comes and goes: frames with the truth about each."""

import math
from dataclasses import dataclass, replace

import numpy as np

from fer_edge.data.synthetic import camera, units
from fer_edge.data.synthetic.person import sample_person, sample_scene
from fer_edge.data.synthetic.render import draw, frames
from fer_edge.data.synthetic.sample import FACE

_BLINKS = 0.3  # per second
_BLINK_SECONDS = 0.25
_EYES_CLOSED = 43  # the action unit of a blink


@dataclass(frozen=True)
class Clip:
    """Frames of one drawn person.

    Attributes:
        images: uint8 [n, size, size].
        intensity: float64 [n], intensity of the expression, 0 (neutral) to 1 (apex).
    """

    images: np.ndarray
    intensity: np.ndarray


def clip(expression: str, rng: np.random.Generator, times: np.ndarray, *, size: int) -> Clip:
    """Draw a person who is neutral, shows an expression and becomes neutral again.

    Onset, apex and offset are at random times. The person blinks, the head moves and the light
    changes slowly.

    Args:
        expression: one of `device.labels.FER2013`.
        rng: random generator of the clip.
        times: float64 [n], time of each frame in seconds.
        size: side of the frames in pixels.
    """
    person, scene = sample_person(rng), sample_scene(rng)
    scene = replace(scene, mask="")
    rest, apex = np.array(units.sample("neutral", rng)), np.array(units.sample(expression, rng))
    intensity = _intensity(times, rng)
    blinks = rng.uniform(times[0], times[-1], rng.poisson(_BLINKS * (times[-1] - times[0])))
    phases, rates = rng.uniform(0, 2 * math.pi, 5), rng.uniform(0.1, 0.6, 5)
    source, target = frames(size, **FACE)
    texture = int(rng.integers(2**32))  # skin and beard do not change from frame to frame
    images = np.empty((len(times), size, size), np.uint8)
    for row, (time, strength) in enumerate(zip(times.tolist(), intensity, strict=True)):
        sway = np.sin(phases + 2 * math.pi * rates * time).tolist()
        seen = replace(
            scene,
            yaw=scene.yaw + 5 * sway[0],
            pitch=scene.pitch + 3 * sway[1],
            roll=scene.roll + 3 * sway[2],
            shift_x=scene.shift_x + 0.03 * sway[3],
            exposure=scene.exposure * (1 + 0.15 * sway[4]),
        )
        au = (rest + strength * (apex - rest)).tolist()
        closed = np.clip(1 - np.abs(blinks - time) / (_BLINK_SECONDS / 2), 0, 1)
        au[_EYES_CLOSED] = max(au[_EYES_CLOSED], *closed.tolist(), 0.0)
        fixed = np.random.default_rng(texture)
        head = draw(person, seen, au, source, fixed)
        images[row] = head.photograph(*camera.pose(seen, source, target), seen, target, size, fixed)
    return Clip(images, intensity)


def _intensity(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Intensity over time: onset in 0.2 to 0.8 s, apex, offset in 0.3 to 1.2 s."""
    length = times[-1] - times[0]
    begin, end = np.sort(rng.uniform(0.1, 0.9, 2)) * length + times[0]
    onset, offset = rng.uniform(0.2, 0.8), rng.uniform(0.3, 1.2)
    rising = np.clip((times - begin) / onset + 0.5, 0, 1)
    falling = np.clip((end - times) / offset + 0.5, 0, 1)
    return np.asarray(np.minimum(rising, falling))
