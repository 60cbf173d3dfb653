"""Values that flow through the loop: a frame of a source, and the result for the sinks."""

import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from device.face import Face


@dataclass(slots=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8 [h, w, 3] in the order blue, green, red, or uint8 [h, w] gray. It belongs to
            the source, which may write the next picture into it: copy what is kept.
        number: number in the source, from 0; dropped frames count, too.
        time: seconds. Live sources: `time.monotonic()` of the capture. Files: position in the file.
        name: file name of the picture; for other sources the name of the source.
    """

    image: npt.NDArray[np.uint8]
    number: int
    time: float
    name: str


@dataclass(slots=True)
class Result:
    """The result for the sinks; one object, reused for every frame.

    Attributes:
        frame: frame with its picture.
        faces: faces in the frame, the largest first.
        labels: names of the entries of each face's `probabilities`.
        stages: milliseconds by stage: read, detect, classify, track, total.
        dropped: frames of the live source that were replaced before analysis, since the start.
        live: whether the source is live, so that `frame.time` is `time.monotonic()`.
    """

    frame: Frame
    faces: list[Face]
    labels: tuple[str, ...]
    stages: dict[str, float] = field(default_factory=dict)
    dropped: int = 0
    live: bool = False

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
