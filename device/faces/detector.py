"""Where faces are in a picture."""

from pathlib import Path
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.face import Face
from device.faces.download import YUNET
from device.faces.haar import HaarDetector

DETECTORS = ("auto", "haar", "yunet")
"""The names that `open_detector` knows."""


class Detector(Protocol):
    """Finds faces.

    Attributes:
        color: whether it searches the picture in color rather than in gray.
        min_hits: detections in a row that make a face of a video; 1 where false ones are rare.
    """

    color: ClassVar[bool]
    min_hits: ClassVar[int]

    def find(self, image: npt.NDArray[np.uint8]) -> list[Face]:
        """Find the faces in a picture, uint8 [h, w] or [h, w, 3] in color; the largest first."""
        ...


def open_detector(
    name: Literal["auto", "haar", "yunet"] | str = "haar",
    *,
    model: Path | None = None,
    search_size: int = 320,
) -> Detector:
    """Make a detector by its name, for frames that come one after the other.

    Args:
        name: "haar" needs nothing; "yunet" needs its file, downloaded or given; "auto" is YuNet
            where its file is, else Haar.
        model: file of YuNet.
        search_size: a picture whose longer side has more pixels is searched at that size.

    Raises:
        InputError: no such name, a model for a detector that takes none, or what the detector
            itself raises.
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
