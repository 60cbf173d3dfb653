"""Interface and factory of the face detectors."""

from pathlib import Path
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.face import Face
from device.faces.download import YUNET
from device.faces.haar import HaarDetector

DETECTORS = ("auto", "haar", "yunet")
"""The names that `open_detector` accepts."""


class Detector(Protocol):
    """Interface of a face detector.

    Attributes:
        color: whether it searches color images rather than gray ones.
        min_hits: number of consecutive detections that confirm a face in a video; 1 if false
            detections are rare.
    """

    color: ClassVar[bool]
    min_hits: ClassVar[int]

    def find(self, image: npt.NDArray[np.uint8]) -> list[Face]:
        """Find the faces in an image, uint8 [h, w] or, in color, [h, w, 3]; the largest first."""
        ...


def open_detector(
    name: Literal["auto", "haar", "yunet"] | str = "haar",
    *,
    model: Path | None = None,
    search_size: int = 320,
) -> Detector:
    """Create a detector by name, for frames in sequence.

    Args:
        name: "haar" needs no file; "yunet" needs its model file, downloaded or given; "auto" is
            YuNet if its file is there, else Haar.
        model: YuNet model file.
        search_size: longest side in pixels at which larger images are searched.

    Raises:
        InputError: unknown name, a model file for a detector that takes none, or an error of the
            detector itself.
    """
    if name == "auto":
        name = "yunet" if model is not None or YUNET.path().is_file() else "haar"
    if name == "yunet":
        from device.faces.yunet import YuNetDetector

        return YuNetDetector(model, search_size=search_size)
    if name != "haar":
        raise InputError(f"detector {name!r}: give one of {', '.join(DETECTORS)}")
    if model is not None:
        raise InputError(f"detector haar takes no model file ({model}): choose yunet")
    return HaarDetector(search_size=search_size)
