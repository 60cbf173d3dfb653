"""Sequences simulated from photographs: a face per expression, seen by an unsteady camera.

A segment shows one photograph of its expression, so that the classifier's errors persist over
frames as they do on a real track. Light, pose and framing drift, blur and noise come and go, and
segments fade into each other. The frames of a sequence are real pixels, their motion is not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.geometry import FACE_SIZE
from fer_edge.modalities.temporal.recipe import Simulation
from fer_edge.modalities.temporal.sequences import Track

_FADE = (0.1, 0.5)  # seconds from one expression to the next
_CORRELATION = 0.6  # seconds over which the drift of pose and light is correlated
_BURSTS = 0.3  # bursts of blur or occlusion per second, at severity 1
_BURST_SECONDS = 0.35
_STEADY = 0.8  # least ratio of the frame interval to its nominal value


def simulate(
    faces: NDArray[np.uint8],
    classes: NDArray[np.int64],
    options: Simulation,
    random: np.random.Generator,
    *,
    fps: float | None = None,
) -> Track:
    """Simulate one track.

    Args:
        faces: uint8 [segments, 48, 48], the photograph of each segment.
        classes: int64 [segments], their classes.
        options: duration and severity.
        random: random generator of the sequence.
        fps: frames per second of a regular sequence; None for a random rate with dropped frames.

    Returns:
        The track; its class changes in the middle of a fade.
    """
    times = frame_times(options, random, fps)
    share = _shares(times, len(faces), options, random)
    severity = options.severity
    drift = _drift(times, 8, random) * severity
    burst = _bursts(times, _BURSTS * severity, random)
    covered = _bursts(times, _BURSTS * severity / 2, random)
    patch = random.uniform(0, 1, 4)
    images = np.empty((len(times), FACE_SIZE, FACE_SIZE), np.uint8)
    blended = np.tensordot(share, faces.astype(np.float32), axes=1)
    for row, face in enumerate(blended):
        seen = _move(face, drift[row])
        if covered[row]:
            _cover(seen, patch)
        if burst[row]:
            seen = cv2.GaussianBlur(seen, (0, 0), 0.6 + 1.2 * severity * burst[row])
        seen = _light(seen, drift[row])
        seen += random.normal(0, 1 + 5 * severity * patch[0], seen.shape)
        images[row] = np.clip(np.rint(seen), 0, 255)
    return Track(images, times, np.asarray(classes)[share.argmax(axis=1)])


def frame_times(
    options: Simulation, random: np.random.Generator, fps: float | None
) -> NDArray[np.float64]:
    """Return the time of each frame in seconds; see `simulate`."""
    if fps is not None:
        return np.arange(options.frames) / fps
    interval = 1 / random.uniform(*options.fps)
    gaps = interval * random.uniform(_STEADY, 2 - _STEADY, options.frames)
    dropped = random.random(options.frames) < options.dropped
    gaps *= 1 + dropped * random.integers(1, 4, options.frames)
    gaps[0] = 0.0
    return np.asarray(gaps.cumsum())


def _shares(
    times: NDArray[np.float64], segments: int, options: Simulation, random: np.random.Generator
) -> NDArray[np.float32]:
    """Share of each segment in each frame, float32 [n, segments]."""
    lengths = random.uniform(0.5, 1.5, segments)
    changes = (lengths.cumsum() / lengths.sum())[:-1] * times[-1]
    fades = random.uniform(*_FADE, segments - 1)
    shown = np.ones((len(times), segments + 1))
    for number, (change, fade) in enumerate(zip(changes, fades, strict=True), 1):
        shown[:, number] = np.clip((times - change) / fade + 0.5, 0, 1)
    shown[:, -1] = 0
    return np.asarray(-np.diff(np.minimum.accumulate(shown, axis=1), axis=1), np.float32)


def _drift(
    times: NDArray[np.float64], columns: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Correlated noise of unit variance (Ornstein-Uhlenbeck), float64 [n, columns]."""
    values = random.standard_normal((len(times), columns))
    keep = np.exp(-np.diff(times) / _CORRELATION)
    for row in range(1, len(times)):
        values[row] *= np.sqrt(1 - keep[row - 1] ** 2)
        values[row] += keep[row - 1] * values[row - 1]
    return values


def _bursts(
    times: NDArray[np.float64], rate: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Strength 0..1 of random bursts in each frame."""
    strength = np.zeros(len(times))
    for _ in range(random.poisson(rate * times[-1])):
        begin, length = random.uniform(0, times[-1]), random.exponential(_BURST_SECONDS)
        within = (times >= begin) & (times < begin + length)
        strength[within] = np.maximum(strength[within], random.uniform(0.3, 1))
    return strength


def _move(face: NDArray[np.float32], drift: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rotate, scale, shift and shear a face, as jitter of the detector and motion of the head."""
    center = (FACE_SIZE - 1) / 2
    matrix = cv2.getRotationMatrix2D(
        (center, center), 5.0 * float(drift[0]), float(np.exp(0.06 * drift[1]))
    )
    matrix[0, 1] += 0.05 * drift[7]
    matrix[:, 2] += 1.6 * drift[2:4]
    return cv2.warpAffine(
        face, matrix, (FACE_SIZE, FACE_SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )


def _cover(face: NDArray[np.float32], patch: NDArray[np.float64]) -> None:
    """Cover part of a face in place, as by a hand."""
    height, width = (int(FACE_SIZE * (0.2 + 0.3 * part)) for part in patch[:2])
    top = int((FACE_SIZE - height) * patch[2])
    left = int((FACE_SIZE - width) * patch[3])
    face[top : top + height, left : left + width] = 90 + 80 * patch[0]


def _light(face: NDArray[np.float32], drift: NDArray[np.float64]) -> NDArray[np.float32]:
    """Change exposure, contrast and the light from one side."""
    mean = float(face.mean())
    slope = np.linspace(-1, 1, FACE_SIZE, dtype=np.float32) * np.float32(14 * drift[4])
    scaled = (face - mean) * np.float32(np.exp(0.2 * drift[5])) + mean
    return np.asarray(scaled + slope + np.float32(18 * drift[6]), np.float32)
