"""Time the stages of camera frames, from detection to smoothing, in the loop of `fer-edge run`.

A video replaces the camera. Faces are detected in every frame; with `--every N` a device detects
less often and tracks the faces in between.
"""

import threading
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.probes.run_loop import Again
from device.errors import InputError
from device.faces.detector import open_detector
from device.frame import Result
from device.model import card
from device.model.classifier import Classifier
from device.runner import run
from device.sinks.base import Sink
from device.tracking.analyzer import FaceAnalyzer

if TYPE_CHECKING:
    from benchmarks.results.types import FrameTimes, StageTimes

STAGES = ("detect", "crop", "classify", "smooth", "whole")
"""Stages of a frame, in this order; "smooth" is tracking and temporal smoothing."""

WARM = 10
"""Number of frames of the warm-up."""


class ClockedClassifier(Classifier):
    """Measures the time of its calls, to separate them from the crop before them.

    Attributes:
        seconds: time of all calls since it was last set to 0.
    """

    seconds = 0.0

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify one face; see `Classifier`."""
        start = perf_counter()
        probabilities = super().__call__(face)
        self.seconds += perf_counter() - start
        return probabilities


class Stopwatch(Sink):
    """Sink that records the stages of each frame that has a face.

    Attributes:
        rows: microseconds, in the order of STAGES.
    """

    name = "stopwatch"

    def __init__(self, classifier: ClockedClassifier) -> None:
        """Start without records."""
        self.rows: list[tuple[float, ...]] = []
        self._classifier = classifier
        self._seen = 0

    def write(self, result: Result) -> None:
        """Record one frame."""
        self._seen += 1
        stages = result.stages
        classify = self._classifier.seconds * 1000
        self._classifier.seconds = 0.0
        if result.faces and self._seen > WARM:
            crop = stages["classify"] - classify
            row = (stages["detect"], crop, classify, stages["track"], stages["total"])
            self.rows.append(tuple(ms * 1000 for ms in row))

    def close(self) -> None:
        """Do nothing: the records stay available."""


def measure(
    video: Path,
    model: Path,
    *,
    detector: str = "haar",
    detector_model: Path | None = None,
    frames: int = 300,
    threads: int = 1,
) -> "FrameTimes":
    """Play a video in a loop and time the stages of its frames.

    Reading a frame is not included, because a camera delivers it.

    Args:
        video: video, preferably 640x480 with one face.
        model: `.tflite` file.
        detector: "haar" or "yunet".
        detector_model: model file of YuNet; None for its default places.
        frames: number of frames to analyze after the warm-up.
        threads: number of threads of OpenCV and of the interpreter.

    Returns:
        The `frame` block of `results.json`: percentiles over the frames that have a face (their
        number is `frames`). A stage includes all faces of a frame, and `whole` is the sum of the
        stages; percentiles do not add up.

    Raises:
        InputError: a file is not a video or a model, there are too few frames, or no face is found.
    """
    if frames < 1:
        raise InputError(f"frames is {frames}: give 1 or more")
    classifier = ClockedClassifier(model, threads=threads)
    faces = FaceAnalyzer(
        classifier, open_detector(detector, model=detector_model), margin=card.margin(model)
    )
    watch = Stopwatch(classifier)
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        with Again(video) as source:
            run(source, faces, [watch], stop=threading.Event(), frames=WARM + frames)
    finally:
        cv2.setNumThreads(before)
    if not watch.rows:
        raise InputError(f"{video}: {detector} finds no face in it; give one with a frontal face")
    percentiles = np.percentile(np.array(watch.rows), (50, 90, 99), axis=0).T.tolist()
    names = ("p50_us", "p90_us", "p99_us")
    stages = {
        stage: dict(zip(names, values, strict=True))
        for stage, values in zip(STAGES, percentiles, strict=True)
    }
    return {
        "kind": "measured",
        "video": video.name,
        "frames": len(watch.rows),
        "model": model.name,
        "detector": detector,
        "stages": cast("StageTimes", stages),
    }
