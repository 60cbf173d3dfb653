"""What the loop costs beside detector and classifier, and whether its memory stays flat.

    python -m benchmarks.probes.run_loop VIDEO MODEL --frames 20000

The video is played again and again through source, faces and a JSON Lines sink, as by
`fer-edge run`; figures go to standard output as JSON.
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
"""Frames after which memory must not grow any more."""

_EVERY = 100  # frames between two looks at the memory


class Again(Source):
    """Plays a video again when it ends; its position goes back to 0 each time."""

    def __init__(self, path: Path) -> None:
        """Open the video the first time."""
        self.name = path.name
        self._path = str(path)
        self._source = open_source(self._path)
        self._number = -1

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Give the next frame, the first one after the last."""
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
    """Notes what each frame took; the last of the sinks, so that it sees the others' time too.

    Attributes:
        detect: milliseconds, float64 [frames]; 0 where no detection was due.
        classify: milliseconds, likewise.
        loop: milliseconds from the frame's arrival to its last sink, float64 [frames].
        rss: bytes of resident memory, after every hundredth frame.
        faces: in all frames.
    """

    name = "meter"

    def __init__(self, frames: int) -> None:
        """Make room for so many frames, in memory that is taken now and not while measuring."""
        self.detect = np.full(frames, np.nan)
        self.classify = np.full(frames, np.nan)
        self.loop = np.full(frames, np.nan)
        self.rss = np.full(frames // _EVERY, -1, np.int64)
        self.faces = 0
        self._seen = 0
        self._last = time.perf_counter()

    def write(self, result: Result) -> None:
        """Note one frame."""
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
        """Keep what was noted."""


def measure(
    video: Path,
    model: Path,
    *,
    frames: int,
    detector: str = "haar",
    detector_model: Path | None = None,
    every: int = 3,
) -> dict[str, Any]:
    """Play a video through the loop and say what it took.

    Args:
        video: best 640x480 with one face.
        model: `.tflite` file.
        frames: how many, at least 2 hundreds; the first hundred warms up and is left out.
        detector: "haar" or "yunet".
        detector_model: file of YuNet.
        every: detection in every n-th frame.

    Returns:
        latencies in milliseconds; `overhead`, all that is neither detector nor classifier as a
        fraction of their time, of sums and of medians; memory in MB. All measured here and now.

    Raises:
        InputError: a file is no such thing, or there are too few frames.
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
    """Add up a run of undisturbed frames: the median of those with and of those without detection.

    Sums are at the mercy of whatever else the machine does; this is not.
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
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.probes.run_loop", description=__doc__
    )
    parser.add_argument("video", type=Path, help="best 640x480 with one face")
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--detector", choices=DETECTORS, default="haar")
    parser.add_argument("--detector-model", type=Path, help="file of YuNet")
    parser.add_argument("--every", type=int, default=3, help="detection in every n-th frame")
    try:
        print(json.dumps(measure(**vars(parser.parse_args())), indent=2))
    except FerEdgeError as error:
        print(f"benchmarks.probes.run_loop: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
