"""Counts the instructions of a camera frame: decode, detect, crop, classify, track, output."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.counting import emulator
from benchmarks.counting.cores import Core
from benchmarks.counting.count import LITERT, InstructionCounter, estimate
from benchmarks.counting.cycles import Cycles
from benchmarks.counting.frame_guest import STAGES
from benchmarks.counting.kit import Kit
from device.errors import InputError
from device.faces.detector import open_detector
from device.faces.download import YUNET
from device.model import card
from device.sources import open_source

if TYPE_CHECKING:
    from benchmarks.results.types import FrameCount, FrameStages

GUEST = Path(__file__).with_name("frame_guest.py")
FRAMES = 8
"""Number of counted frames."""

PICTURES = 8
"""Maximum number of frames read from the video."""

COVERED = 0.95
"""Fraction of a stage's instructions that are simulated; Python has many rare blocks."""


def pictures(video: Path) -> list[NDArray[np.uint8]]:
    """Read the first frames of a video.

    Returns:
        BGR images, uint8 [h, w, 3] each.

    Raises:
        InputError: the file is not a video or is empty.
    """
    found: list[NDArray[np.uint8]] = []
    with open_source(str(video)) as source:
        while len(found) < PICTURES and (frame := source.read()) is not None:
            found.append(frame.image.copy())
    if not found:
        raise InputError(f"{video} has no frames: use a video of a face")
    return found


def check(video: Path, detector: str, detector_model: Path | None) -> None:
    """Check that the frames of a video can be counted.

    Raises:
        InputError: the video or detector is missing, or no face is found in the video.
    """
    finder = open_detector(detector, model=detector_model)
    shown = pictures(video)
    for picture in shown:
        seen = picture if finder.color else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        if finder.find(seen):
            return
    raise InputError(f"{video}: {detector} finds no face: use a video of a frontal face")


def count(
    kit: Kit,
    core: Core,
    video: Path,
    model: Path,
    *,
    detector: str = "haar",
    detector_model: Path | None = None,
    every: int = 1,
) -> "FrameCount":
    """Count the stages of a frame in the loop of `fer-edge run`.

    Args:
        kit: installed kit.
        core: core to emulate.
        video: video of a face.
        model: `.tflite` file.
        detector: "haar" or "yunet".
        detector_model: model file of YuNet; None for its default location.
        every: detection interval in frames.

    Returns:
        A `frame_count` block of `results.json` with means over the frames.

    Raises:
        InputError: a file is not a video or a model.
        CheckFailedError: the loop fails on the core, or finds no face.
    """
    shown = pictures(video)
    height, width = shown[0].shape[:2]
    with tempfile.TemporaryDirectory(prefix="fer-edge-frames-") as name:
        files = {"model.tflite": model}
        for number, picture in enumerate(shown):
            path = Path(name) / f"{number:03}.jpg"
            cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
            files[path.name] = path
        if detector == "yunet":
            files["yunet.onnx"] = detector_model or YUNET.path()
        recorded = emulator.run(
            kit,
            core,
            GUEST,
            (str(FRAMES), "model.tflite", detector, str(every), str(card.margin(model))),
            files,
            memory=False,
            packages=emulator.PACKAGES,
        )
    counter = InstructionCounter(kit)
    stages, whole = {}, Cycles(0.0, 0.0, "")
    for number, stage in enumerate(STAGES, start=1):
        blocks = {w: n / FRAMES for w, n in recorded.executions(number).items()}
        cycles = counter.cycles(blocks, core, covered=COVERED)
        whole = Cycles(whole.low + cycles.low, whole.high + cycles.high, cycles.how)
        stages[stage] = {
            "instructions": round(sum(len(words) * n for words, n in blocks.items())),
            "cycles_low": round(cycles.low),
            "cycles_high": round(cycles.high),
        }
    return {
        "kind": "counted",
        "core": core.name,
        "core_class": core.core_class,
        "video": video.name,
        "size": [width, height],
        "frames": FRAMES,
        "model": model.name,
        "detector": detector,
        "every": every,
        "runtime": f"{LITERT} {kit.version(LITERT)}",
        "emulator": counter.emulator,
        "instructions": sum(stage["instructions"] for stage in stages.values()),
        "stages": cast("FrameStages", stages),
        "estimate": estimate(whole, core),
    }
