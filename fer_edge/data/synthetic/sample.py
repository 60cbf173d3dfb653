"""Single faces and complete data sets; each sample has its own random generator."""

import numpy as np

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.labels import FER2013
from fer_edge.data.dataset import SPLITS, Dataset
from fer_edge.data.progress import bar
from fer_edge.data.synthetic.render import picture
from fer_edge.data.synthetic.turned import View, render

VERSION = 1
"""Incremented whenever the same seed draws other pixels."""

SMALLEST, LARGEST = 24, 1024

FACE = {"unit": 0.43, "eyes_y": 0.41}
"""Framing as in FER2013: from the hairline to the chin."""
PORTRAIT = {"unit": 0.24, "eyes_y": 0.42}
"""Framing with hair and shoulders, as a detector needs it."""

# Splits of the samples of a class: 14, 3 and 3 of every 20. Small sets get all splits early.
_VAL, _TEST = (1, 9, 16), (2, 10, 17)
_CYCLE = [1 if place in _VAL else 2 if place in _TEST else 0 for place in range(20)]


def face(expression: str, *, seed: int, size: int = FACE_SIZE, index: int = 0) -> np.ndarray:
    """Draw one face that fills the image, as in FER2013.

    Args:
        expression: one of `device.labels.FER2013`.
        seed: RNG seed, 0 or more; the same seed draws the same person at any size.
        size: side of the image in pixels, 24..1024.
        index: number of the face within its class and seed, as counted by `generate`.

    Returns:
        The image, uint8 [size, size], gray.

    Raises:
        InputError: unknown expression, or a number out of range.
    """
    return picture(expression, _generator(expression, seed, index, size), size, **FACE)


def portrait(expression: str, *, seed: int, size: int = 256, index: int = 0) -> np.ndarray:
    """Draw the same person as `face`, smaller, with hair, shoulders and background.

    Arguments, result and errors are those of `face`.
    """
    return picture(expression, _generator(expression, seed, index, size), size, **PORTRAIT)


def view(
    expression: str,
    *,
    seed: int,
    size: int = FACE_SIZE,
    index: int = 0,
    yaw: float | None = None,
    pitch: float | None = None,
    roll: float | None = None,
    zoom: float = 1.0,
) -> View:
    """Draw the same person as `face` from a given side, with landmarks and depth.

    Args:
        expression: one of `device.labels.FER2013`.
        seed: RNG seed, 0 or more.
        size: side of the image in pixels, 24..1024.
        index: number of the face within its class and seed.
        yaw: degrees, up to 60 to either side, with the sign of `device.faces.pose`; None for that
            of `face`.
        pitch: pitch in degrees, up to 40 either way; None for that of `face`.
        roll: roll in degrees, up to 45 either way; None for that of `face`.
        zoom: size of the face in the image, as a multiple of that of `face`, 0.5..1.

    Raises:
        InputError: unknown expression, or a number out of range.
    """
    for name, angle, limit in (("yaw", yaw, 60), ("pitch", pitch, 40), ("roll", roll, 45)):
        if angle is not None and not -limit <= angle <= limit:
            raise InputError(f"{name} of {angle:g} degrees: use {-limit} to {limit}")
    if not 0.5 <= zoom <= 1:
        raise InputError(f"zoom {zoom:g}: use 0.5 to 1")
    random = _generator(expression, seed, index, size)
    framing = {"unit": FACE["unit"] * zoom, "eyes_y": 0.5 + (FACE["eyes_y"] - 0.5) * zoom}
    return render(expression, random, size, **framing, yaw=yaw, pitch=pitch, roll=roll)


def generate(per_class: int, *, size: int = FACE_SIZE, seed: int = 0) -> Dataset:
    """Draw a data set of all seven expressions, each face of another person.

    Classes alternate, so a smaller set is the beginning of a larger one: sample i of a seed always
    has the same bytes and the same split. Of each class 70 % are train, 15 % val and 15 % test;
    exactly so for multiples of 20. There are no votes.

    Args:
        per_class: number of faces per expression, at least 3 (one for each split).
        size: side of the images in pixels, 24..1024; training and the models need 48.
        seed: RNG seed, 0 or more.

    Raises:
        InputError: a number is out of range.
    """
    if per_class < len(SPLITS):
        raise InputError(
            f"{per_class} synthetic faces per class: give at least {len(SPLITS)}, "
            "one for each of train, val and test"
        )
    count = per_class * len(FER2013)
    _check(FER2013[0], seed, size)
    images = np.empty((count, size, size), np.uint8)
    with bar("drawing faces", count) as advance:
        for row in range(count):
            images[row] = face(FER2013[row % 7], seed=seed, size=size, index=row // 7)
            advance(1)
    index = np.arange(count) // len(FER2013)
    return Dataset(
        images=images,
        labels=(np.arange(count) % len(FER2013)).astype(np.int16),
        split=np.array(_CYCLE, np.uint8)[index % len(_CYCLE)],
        votes=np.zeros((count, 10), np.uint8),
        names=np.array([f"synthetic:{seed}:{FER2013[row % 7]}:{row // 7}" for row in range(count)]),
        label_names=FER2013,
        provenance={
            "name": f"synthetic faces (seed {seed}, {per_class} per class)",
            "kind": "synthetic",
            "synthetic": True,
            "generator_version": VERSION,
            "seed": seed,
            "per_class": per_class,
            "size": size,
        },
    )


def _generator(expression: str, seed: int, index: int, size: int) -> np.random.Generator:
    _check(expression, seed, size)
    return np.random.default_rng([seed, FER2013.index(expression), index])


def _check(expression: str, seed: int, size: int) -> None:
    if expression not in FER2013:
        raise InputError(f"{expression!r} is not an expression; use one of {', '.join(FER2013)}")
    if not SMALLEST <= size <= LARGEST:
        raise InputError(f"synthetic faces of {size} pixels: use {SMALLEST} to {LARGEST}")
    if seed < 0:
        raise InputError(f"seed {seed}: use 0 or more")
