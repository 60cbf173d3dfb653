"""Unlabeled faces: pictures of a folder, each a face crop already or with faces to be found."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.faces.align import FaceCropper
from device.faces.detector import Detector, open_detector
from device.geometry import FACE_SIZE
from device.image import decode
from device.image.color import color, gray
from fer_edge.data import pictures, progress
from fer_edge.data.dataset import VOTE_COLUMNS, Dataset
from fer_edge.data.tree import Tree

SEARCH_SIZE = 640


@dataclass(frozen=True)
class Unlabeled:
    """Faces of a folder.

    Attributes:
        images: uint8 [n, 48, 48].
        names: the picture of each face, [n].
        pictures: number of pictures in the folder.
        without_face: number of those in which the detector found none.
        broken: names of those that cannot be read.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    pictures: int
    without_face: int
    broken: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What was found, in one line."""
        faces = f"{len(self.images)} faces in {self.pictures} pictures"
        line = f"{faces}, {self.without_face} without one"
        if self.broken:
            line += f"; {len(self.broken)} cannot be read, such as {self.broken[0]}"
        return line

    def dataset(self, name: str) -> Dataset:
        """The faces as training images without labels."""
        n = len(self.images)
        return Dataset(
            images=self.images,
            labels=np.full(n, -1, np.int16),
            split=np.zeros(n, np.uint8),
            votes=np.zeros((n, VOTE_COLUMNS), np.uint8),
            names=np.array(self.names),
            label_names=("unlabeled",),
            provenance={"name": name, "synthetic": False, "layout": "unlabeled"},
        )


def read(
    tree: Tree, *, margin: float, detector: str = "auto", detector_model: Path | None = None
) -> Unlabeled:
    """Read the faces of a folder and its subfolders, or of an archive.

    A picture of 48x48 pixels is a face as it is. In any other one the detector looks for faces, and
    all that it finds are cropped as the runner crops them.

    Args:
        tree: folder or archive.
        margin: margin of the crops, as a fraction of the face box.
        detector: name of the detector.
        detector_model: file of YuNet; None for the downloaded one.

    Raises:
        InputError: there is no picture in it, or no face in any of them.
    """
    names = [name for name in tree.names if pictures.is_picture(name)]
    if not names:
        raise InputError(f"{tree.source}: holds no pictures")
    finder = open_detector(detector, model=detector_model, search_size=SEARCH_SIZE)
    crop = FaceCropper(margin=margin)
    faces: list[NDArray[np.uint8]] = []
    of: list[str] = []
    empty, broken = 0, []
    with progress.bar(f"Reading {tree.source.name}", len(names)) as advance:
        for name in names:
            advance(1)
            try:
                found = list(_faces(tree.read(name), finder, crop))
            except (InputError, ValueError):
                broken.append(name)
                continue
            faces += found
            of += [name] * len(found)
            empty += not found
    if not faces:
        raise InputError(
            f"{tree.source}: no face found in {len(names)} pictures ({len(broken)} cannot be read)"
        )
    return Unlabeled(np.stack(faces), tuple(of), len(names), empty, tuple(broken))


def _faces(content: bytes, finder: Detector, crop: FaceCropper) -> Iterator[NDArray[np.uint8]]:
    image = decode.decode(content, gray=False)
    if image is None:
        raise InputError("is not an image that can be read")
    pixels = gray(image)
    if pixels.shape == (FACE_SIZE, FACE_SIZE):
        yield pixels.copy()
        return
    for face in finder.find(color(image) if finder.color else pixels):
        yield crop(pixels, face.box, face.roll).copy()
