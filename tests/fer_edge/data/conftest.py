"""Small sources in common layouts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.data.dataset import Dataset

USAGES = ("Training", "PublicTest", "PrivateTest")
VOTES_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)


def faces(count: int, seed: int = 0, size: int = 48) -> np.ndarray:
    """Smooth random images that differ at least as much as different faces."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, 6, 6), dtype=np.uint8)
    return np.stack([cv2.resize(face, (size, size)) for face in noise])


def row(image: np.ndarray, emotion: object = 3, usage: str = "Training") -> str:
    return f"{emotion},{' '.join(map(str, image.ravel()))},{usage}"


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write rows under a header, in the format of Kaggle's file."""

    def write(rows: Sequence[str], name: str = "fer2013.csv", header: str = "emotion,pixels,Usage"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


@pytest.fixture
def small_csv(write_csv: Callable[..., Path]) -> Path:
    """Nine faces, three in each split."""
    return write_csv(
        [row(image, index % 7, USAGES[index // 3]) for index, image in enumerate(faces(9))]
    )


@pytest.fixture
def write_votes(tmp_path: Path) -> Callable[..., Path]:
    """Write FER+ votes, one row each: (Usage, image name, ten counts)."""

    def write(rows: Sequence[tuple[str, str, Sequence[int]]], name: str = "fer2013new.csv"):
        path = tmp_path / name
        lines = (f"{usage},{image},{','.join(map(str, votes))}" for usage, image, votes in rows)
        path.write_text("\n".join([VOTES_HEADER, *lines]) + "\n")
        return path

    return write


@pytest.fixture
def write_images(tmp_path: Path) -> Callable[..., Path]:
    """Write images to their paths in a folder."""

    def write(pictures: dict[str, np.ndarray], folder: str = "faces") -> Path:
        for path, picture in pictures.items():
            target = tmp_path / folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(target), picture)
        return tmp_path / folder

    return write


def tree(classes: Sequence[str], splits: Sequence[str] = ("train", "val", "test")) -> dict:
    """One image for each class in each split."""
    paths = [
        f"{split}/{name}/{number}.png" for split in splits for number, name in enumerate(classes)
    ]
    return dict(zip(paths, faces(len(paths)), strict=True))


def rewrite(path: Path, **arrays: np.ndarray) -> None:
    """Replace arrays of a data file; other arrays and the digest are unchanged."""
    with np.load(path) as file:
        content = dict(file) | arrays
    np.savez_compressed(path, **content)


@pytest.fixture
def dataset() -> Callable[..., Dataset]:
    """Build a set from images and splits; everything else has default values."""

    def build(images: np.ndarray, split: Sequence[int], **columns: Any) -> Dataset:
        count = len(images)
        plain: dict[str, Any] = {
            "labels": np.zeros(count, np.int16),
            "votes": np.zeros((count, 10), np.uint8),
            "names": np.array([f"{index}.png" for index in range(count)]),
            "label_names": ("one", "two"),
            "provenance": {"name": "made up", "synthetic": False},
        }
        return Dataset(images=images, split=np.array(split, np.uint8), **(plain | columns))

    return build
