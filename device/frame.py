"""What flows through the loop: a frame of a source, the faces in it, the result for the sinks."""

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
        number: place in the source, from 0; frames that were dropped count too.
        time: seconds. Live sources: `time.monotonic()` of the capture. Files: position in the file.
        name: the picture's file name; the source's own name where it has no files.
    """

    image: npt.NDArray[np.uint8]
    number: int
    time: float
    name: str


@dataclass(slots=True)
class Result:
    """What the loop hands to the sinks; one object, reused from frame to frame.

    Attributes:
        frame: the picture.
        faces: those in it, the largest first.
        labels: names of the entries of each face's `probabilities`.
        stages: milliseconds by stage: read, detect, classify, track, total.
        dropped: frames of the live source that were replaced unseen, since the start.
        live: whether the source is live, so that `frame.time` is that of a clock.
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
    """What the loop needs of the part that finds, classifies and follows faces."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the entries of each face's `probabilities`."""
        ...

    @property
    def stages(self) -> dict[str, float]:
        """Milliseconds of the last `process`: detect, classify, track; each call fills it anew."""
        ...

    def process(self, frame: Frame) -> list[Face]:
        """Find, classify and follow the faces in the next frame."""
        ...
