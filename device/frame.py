"""The data of the loop: a frame from a source, and the result for the sinks."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from device.face import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.modalities.modality import Fused


@dataclass(slots=True)
class Frame:
    """One image of a source.

    Attributes:
        image: uint8 [h, w, 3] BGR or [h, w] gray. It belongs to the source, which may overwrite it
            with the next image: copy it to keep it.
        number: number in the source, from 0; includes dropped frames.
        time: time in seconds: for live sources `time.monotonic()` of the capture, for files the
            position in the file.
        name: file name of the image; for other sources the name of the source.
    """

    image: npt.NDArray[np.uint8]
    number: int
    time: float
    name: str


@dataclass(slots=True)
class Result:
    """The result for the sinks; one object, reused for every frame.

    Attributes:
        frame: frame with its image.
        faces: faces in the frame, the largest first.
        labels: names of the entries of each face's `probabilities`.
        stages: milliseconds by stage: read, detect, classify, track, total.
        dropped: frames of the live source that were replaced before analysis, since the start.
        live: whether the source is live, so that `frame.time` is `time.monotonic()`.
        fused: fused prediction of faces, sound and text; None if only faces are analyzed.
    """

    frame: Frame
    faces: list[Face]
    labels: tuple[str, ...]
    stages: dict[str, float] = field(default_factory=dict)
    dropped: int = 0
    live: bool = False
    fused: "Fused | None" = None

    @property
    def wall_time(self) -> float:
        """Seconds since 1970: of the capture for live sources, now for files."""
        age = time.monotonic() - self.frame.time if self.live else 0.0
        return time.time() - age


class Recognizer(Protocol):
    """The interface of the analyzer that finds, classifies and tracks faces."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the entries of each face's `probabilities`."""
        ...

    @property
    def stages(self) -> dict[str, float]:
        """Milliseconds of the last `process`: detect, classify, track."""
        ...

    def process(self, frame: Frame) -> list[Face]:
        """Find, track and classify the faces in the next frame."""
        ...


class Fuser(Protocol):
    """The interface of the fusion of faces with other modalities."""

    def fuse(self, faces: "Sequence[Face]", captured: float) -> "Fused":
        """Fuse the faces of a frame with the newest sound and text.

        Args:
            faces: faces of the frame, the largest first.
            captured: `time.monotonic()` of the frame's capture.
        """
        ...
