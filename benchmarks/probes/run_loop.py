"""Measure the overhead of the run loop, and whether its memory stays constant.

    python -m benchmarks.probes.run_loop VIDEO MODEL --frames 20000

The video is played in a loop through source, face analyzer and a JSON Lines sink, as by `fer-edge
run`. The figures are printed on standard output as JSON.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import info as machine_info
from benchmarks.machine import memory
from device.errors import FerEdgeError, InputError
from device.faces.detector import DETECTORS, open_detector
from device.frame import Frame, Result
from device.model.classifier import Classifier
from device.runner import run
from device.sinks.base import Sink
from device.sinks.jsonl import JsonLinesSink
from device.sources import Source, open_source
from device.tracking.analyzer import FaceAnalyzer

WARM = 2000
"""Number of frames after which memory must not grow."""

_EVERY = 100  # frames between two readings of the memory


class Again(Source):
    """Source that plays a video in a loop; its position returns to 0 each time."""

    def __init__(self, path: Path) -> None:
        """Open the video."""
        self.name = path.name
        self._path = str(path)
        self._source = open_source(self._path)
        self._number = -1

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the next frame; the first one after the last."""
        self._number += 1
        frame = self._source.read(stop)
        if frame is None and self._number:
            self._source.close()
            self._source = open_source(self._path)
            frame = self._source.read(stop)
        if frame is not None:
            frame.number = self._number
        return frame

    def close(self) -> None:
        """Close the video."""
        self._source.close()


class Meter(Sink):
    """Last of the sinks; records the time of each frame, that of the other sinks included.

    Attributes:
        detect: float64 [frames], milliseconds of detection; 0 for frames without it.
        classify: float64 [frames], milliseconds of classification.
        loop: float64 [frames], milliseconds from the arrival of the frame to the last sink.
        rss: int64, resident memory in bytes after every hundredth frame.
        faces: number of faces in all frames.
    """

    name = "meter"

    def __init__(self, frames: int) -> None:
        """Allocate the arrays for `frames` frames, so that recording allocates nothing."""
        self.detect = np.full(frames, np.nan)
        self.classify = np.full(frames, np.nan)
        self.loop = np.full(frames, np.nan)
        self.rss = np.full(frames // _EVERY, -1, np.int64)
        self.faces = 0
        self._seen = 0
        self._last = time.perf_counter()

    def write(self, result: Result) -> None:
        """Record one frame."""
        now = time.perf_counter()
        place, stages = self._seen, result.stages
        self.detect[place] = stages["detect"]
        self.classify[place] = stages["classify"]
        self.loop[place] = (now - self._last) * 1000 - stages["read"]
        self.faces += len(result.faces)
        self._seen += 1
        if self._seen % _EVERY == 0:
            self.rss[self._seen // _EVERY - 1] = memory.resident()
        self._last = time.perf_counter()

    def close(self) -> None:
        """Do nothing: the records stay available."""


def measure(
    video: Path,
    model: Path,
    *,
    frames: int,
    detector: str = "haar",
    detector_model: Path | None = None,
    every: int = 3,
) -> dict[str, Any]:
    """Play a video through the run loop and summarize the records.

    Args:
        video: video, preferably 640x480 with one face.
        model: `.tflite` file.
        frames: number of frames, at least 200; the first hundred are the warm-up and are not
            counted.
        detector: "haar" or "yunet".
        detector_model: model file of YuNet; None for its default places.
        every: number of frames from one detection to the next.

    Returns:
        Latencies in milliseconds; `overhead`, the time outside detector and classifier as a
        fraction of their time, from sums and from medians; memory in MB.

    Raises:
        InputError: a file is not a video or a model, or there are too few frames.
    """
    if frames < 2 * _EVERY:
        raise InputError(f"--frames {frames}: give {2 * _EVERY} or more")
    cv2.setNumThreads(1)
    faces = FaceAnalyzer(
        Classifier(model), open_detector(detector, model=detector_model), every=every
    )
    meter = Meter(frames)
    with (
        tempfile.TemporaryDirectory() as folder,
        Again(video) as source,
        JsonLinesSink(Path(folder) / "results.jsonl") as lines,
    ):
        summary = run(source, faces, [lines, meter], stop=threading.Event(), frames=frames)
    if summary.frames < frames:
        raise InputError(f"{video} gave {summary.frames} frames: is it a video?")
    return {
        "created_by": f"fer-edge {version('fer-edge')}",
        "video": video.name,
        "model": model.name,
        "detector": detector,
        "every": every,
        "frames": frames,
        "faces": meter.faces,
        "load": machine_info.load(),
        "machine": machine_info.facts(),
        **_latencies(meter),
        "memory_mb": _memory(meter.rss, frames),
    }


def _latencies(meter: Meter) -> dict[str, Any]:
    loop, detect, classify = meter.loop[_EVERY:], meter.detect[_EVERY:], meter.classify[_EVERY:]
    work = detect + classify
    rest = loop - work
    due = detect > 0
    return {
        "loop_ms": _percentiles(loop),
        "loop_ms_of_frames_with_detection": _percentiles(loop[due]),
        "loop_ms_of_frames_without": _percentiles(loop[~due]),
        "detect_ms": _percentiles(detect[due]),
        "classify_ms": _percentiles(classify),
        "rest_ms": _percentiles(rest),
        "overhead": round(float(rest.sum() / work.sum()), 4),
        "overhead_of_medians": round(_typical(rest, due) / _typical(work, due), 4),
    }


def _typical(times: NDArray[np.float64], due: NDArray[np.bool_]) -> float:
    """Return the time of all frames if none were disturbed.

    That is the median of the frames with detection and the median of those without, each times
    their number. Unlike a sum, it does not depend on single disturbed frames.
    """
    kinds = [times[kind] for kind in (due, ~due) if kind.any()]
    return sum(len(kind) * float(np.median(kind)) for kind in kinds)


def _memory(rss: NDArray[np.int64], frames: int) -> dict[str, Any]:
    warm = min(WARM, frames // 2) // _EVERY - 1
    mb = rss / 1e6
    return {
        "after_frames": (warm + 1) * _EVERY,
        "then": round(float(mb[warm]), 2),
        "end": round(float(mb[-1]), 2),
        "growth": round(float(mb[-1] - mb[warm]), 2),
        "peak": round(memory.peak() / 1e6, 2),
    }


def _percentiles(times: NDArray[np.float64]) -> dict[str, float] | None:
    if not len(times):
        return None
    p50, p90, p99 = np.percentile(times, (50, 90, 99))
    return {
        "p50": round(p50, 3),
        "p90": round(p90, 3),
        "p99": round(p99, 3),
        "p99_to_p50": round(p99 / p50, 2),
    }


def main() -> int:
    """Parse the command line, measure, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.probes.run_loop", description=__doc__
    )
    parser.add_argument("video", type=Path, help="video, preferably 640x480 with one face")
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--detector", choices=DETECTORS, default="haar")
    parser.add_argument("--detector-model", type=Path, help="model file of YuNet")
    parser.add_argument("--every", type=int, default=3, help="detect faces in every n-th frame")
    try:
        print(json.dumps(measure(**vars(parser.parse_args())), indent=2))
    except FerEdgeError as error:
        print(f"benchmarks.probes.run_loop: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
