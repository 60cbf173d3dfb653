"""Real faces with the five points of a detector: pseudo labels, and a check by another net."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.faces.yunet import YuNetDetector
from device.system.atomic_file import replacing
from fer_edge.data import dataset
from fer_edge.data.progress import bar

_ROLL_SEEN = 0.75  # see `device.faces.yunet`: three quarters of the roll are found


@dataclass(frozen=True)
class RealFaces:
    """Crops framed as in FER2013 in which YuNet finds a face.

    Attributes:
        images: uint8 [n, side, side].
        points: float32 [n, 5, 2], 0 is the center of the crop and 1 its side; see
            `device.faces.points.five`.
        asked: number of crops that were searched.
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    asked: int


def find(
    data: Path, split: str, limit: int, detector: YuNetDetector, kept: Path, seed: int = 0
) -> RealFaces:
    """Ask YuNet for the points of the faces of one split, unless the file is there.

    Args:
        data: `.npz` of `fer-edge data prepare`.
        split: "train", "val" or "test".
        limit: most crops, a random choice.
        detector: the detector.
        kept: `.npz` file for the points.
        seed: RNG seed of the choice.

    Raises:
        InputError: a file is damaged, or YuNet finds no face in the split.
    """
    if kept.exists():
        return _read(kept)
    images = dataset.load(data, [split]).images
    order = np.random.default_rng(seed).permutation(len(images))[:limit]
    rows, found = [], []
    with bar(f"points of {split}", len(order)) as advance:
        for row in order:
            marks = detector.five_points(images[row])
            if marks is not None:
                rows.append(row)
                found.append(upright((marks + 0.5) / len(images[row]) - 0.5))
            advance(1)
    if not rows:
        raise InputError(f"{data}: YuNet finds no face in {split}")
    faces = RealFaces(images[rows], np.stack(found).astype(np.float32), len(order))
    with replacing(kept) as partial, partial.open("wb") as file:
        np.savez(file, images=faces.images, points=faces.points, asked=faces.asked)
    return faces


def upright(marks: NDArray[np.floating]) -> NDArray[np.float32]:
    """Turn points [5, 2] by the part of the roll that YuNet misses."""
    across, down = marks[1] - marks[0]
    missing = math.atan2(down, across) * (1 / _ROLL_SEEN - 1)
    cos, sin = math.cos(missing), math.sin(missing)
    center = marks.mean(axis=0)
    turned = (marks - center) @ np.array([[cos, sin], [-sin, cos]]) + center
    return np.asarray(turned, np.float32)


def _read(path: Path) -> RealFaces:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return RealFaces(stored["images"], stored["points"], int(stored["asked"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} holds no points: delete it, they are found again") from error
