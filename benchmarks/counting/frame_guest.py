"""Guest program: the loop of the runner on a few frames, divided into stages.

    python frame_guest.py FRAMES MODEL DETECTOR EVERY MARGIN

The pictures are 000.jpg, 001.jpg, ... in the current folder, played forwards and backwards so that
faces move continuously. The first `WARM` frames are not recorded.
"""

import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.counting.guest import enter
from benchmarks.counting.trusted_models import trust_models
from device.errors import InputError
from device.faces.align import FaceCropper
from device.faces.detector import open_detector
from device.frame import Frame, Result
from device.model.classifier import Classifier
from device.runner import run
from device.sinks.base import Sink
from device.sinks.jsonl import JsonLinesSink
from device.sources.base import Source
from device.tracking import analyzer

STAGES = ("track", "decode", "detect", "crop", "classify", "sink")
"""Stages in the order of their plugin numbers, from 1; "track" is the rest of the loop."""

WARM = 3


class Stages:
    """Announces stages to the plugin after the warm-up."""

    recording = False

    @classmethod
    def enter(cls, name: str) -> None:
        """Start a stage."""
        if cls.recording:
            enter(1 + STAGES.index(name))


class Pictures(Source):
    """Source that decodes the frames, like a USB camera."""

    def __init__(self, content: list[npt.NDArray[np.uint8]]) -> None:
        """Store the encoded frames."""
        self.name = "pictures"
        self._order = [*content, *content[-2:0:-1]]
        self._number = -1

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Decode the next frame."""
        self._number += 1
        if self._number == WARM:
            Stages.recording = True
        Stages.enter("decode")
        image: Any = cv2.imdecode(self._order[self._number % len(self._order)], cv2.IMREAD_COLOR)
        Stages.enter("track")
        return Frame(image, self._number, self._number / 30, self.name)


class Detecting:
    """A detector that announces its stage."""

    def __init__(self, detector: Any) -> None:
        """Wrap a detector."""
        self._detector = detector
        self.color, self.min_hits = detector.color, detector.min_hits

    def find(self, image: npt.NDArray[np.uint8]) -> list[Any]:
        """Find the faces."""
        Stages.enter("detect")
        found: list[Any] = self._detector.find(image)
        Stages.enter("track")
        return found


class Classifying(Classifier):
    """A classifier that announces its stage."""

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify one face."""
        Stages.enter("classify")
        probabilities = super().__call__(face)
        Stages.enter("track")
        return probabilities


class Cropping(FaceCropper):
    """A cropper that announces its stage."""

    def __call__(self, *arguments: Any) -> npt.NDArray[np.uint8]:
        """Crop one face."""
        Stages.enter("crop")
        face: npt.NDArray[np.uint8] = super().__call__(*arguments)
        Stages.enter("track")
        return face


class Writing(Sink):
    """A JSON Lines sink that announces its stage."""

    name = "lines"

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self._lines = JsonLinesSink(path)
        self.faces = 0

    def write(self, result: Result) -> None:
        """Write one line."""
        self.faces += len(result.faces)
        Stages.enter("sink")
        self._lines.write(result)
        Stages.enter("track")

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def main() -> None:
    """Run the loop."""
    frames, model, detector, every, margin = sys.argv[1:]
    cv2.setNumThreads(1)
    trust_models()
    setattr(analyzer, "FaceCropper", Cropping)  # noqa: B010 - the analyzer makes its own
    content = [np.fromfile(path, np.uint8) for path in sorted(Path().glob("*.jpg"))]
    file = Path("yunet.onnx") if detector == "yunet" else None
    finder: Any = Detecting(open_detector(detector, model=file))
    faces = analyzer.FaceAnalyzer(
        Classifying(Path(model)),
        finder,
        every=int(every),
        margin=float(margin),
    )
    with Writing(Path("faces.jsonl")) as sink:
        stop = threading.Event()
        run(Pictures(content), faces, [sink], stop=stop, frames=WARM + int(frames))
        enter(0)
    if not sink.faces:
        raise InputError("no face was found")


if __name__ == "__main__":
    main()
