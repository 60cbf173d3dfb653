"""Drawn faces with their landmarks and poses, kept in one file."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import FER2013
from device.system.atomic_file import replacing
from fer_edge.data.progress import bar
from fer_edge.data.synthetic import view
from fer_edge.modalities.landmarks.recipe import Data

SIZE = 96
"""Side of the drawn pictures in pixels."""
ZOOM = 0.78
"""Size of the face in them, as a multiple of a crop's: around a crop something is to be seen."""
CROP = SIZE * ZOOM
"""Side of the crop framed as in FER2013, which is centered, in pixels."""

_ANYWHERE = 0.25  # share of training faces with any yaw
_TEST_SEED = 1_000_003  # added to the seed: persons of the test are others


@dataclass(frozen=True)
class DrawnFaces:
    """Drawn faces.

    Attributes:
        images: uint8 [n, SIZE, SIZE].
        points: float32 [n, 68, 2] in pixels of the images.
        frontal: float32 [n, 68, 3], the same heads seen from the front, in crops: 1 is the side
            of a crop and 0 its center; the third is depth, positive towards the camera.
        angles: float32 [n, 3], yaw, pitch and roll in degrees.
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    frontal: NDArray[np.float32]
    angles: NDArray[np.float32]


def draw(options: Data, seed: int, path: Path, *, test: bool) -> DrawnFaces:
    """Draw the faces of one split, unless the file is there.

    Args:
        options: how many, and their poses.
        seed: RNG seed.
        path: `.npz` file.
        test: whether these are the faces to measure on: other persons, their yaw anything up to
            60 degrees.

    Raises:
        InputError: the file is damaged.
    """
    if path.exists():
        return read(path)
    count = options.test if test else options.faces
    seed += _TEST_SEED * test
    angles = _angles(count, options, seed, test)
    images = np.empty((count, SIZE, SIZE), np.uint8)
    points = np.empty((count, 68, 2), np.float32)
    frontal = np.empty((count, 68, 3), np.float32)
    with bar("drawing faces", count) as advance:
        for row in range(count):
            yaw, pitch, roll = angles[row].tolist()
            seen = view(
                FER2013[row % 7], seed=seed, size=SIZE, index=row // 7, zoom=ZOOM,
                yaw=yaw, pitch=pitch, roll=roll,
            )  # fmt: skip
            images[row], points[row] = seen.image, seen.landmarks[:, :2]
            frontal[row] = seen.frontal / CROP
            advance(1)
    drawn = DrawnFaces(images, points, frontal, angles)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, images=images, points=points, frontal=frontal, angles=angles)
    return drawn


def _angles(count: int, options: Data, seed: int, test: bool) -> NDArray[np.float32]:
    random = np.random.default_rng([seed, 1])
    spread = np.clip(random.standard_normal((count, 3)), -3, 3)
    drawn = spread * (options.yaw, options.pitch, options.roll)
    anywhere = test | (random.random(count) < _ANYWHERE)
    drawn[:, 0] = np.where(anywhere, random.uniform(-60, 60, count), drawn[:, 0])
    return np.clip(drawn, (-60, -40, -45), (60, 40, 45)).astype(np.float32)


def read(path: Path) -> DrawnFaces:
    """Read the file of `draw`.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return DrawnFaces(**{name: stored[name] for name in DrawnFaces.__dataclass_fields__})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} holds no drawn faces: delete it, it is drawn again") from error
