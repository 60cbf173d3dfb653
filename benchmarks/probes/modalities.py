"""Time the parts beside the faces: words, sound, and their fusion with a frame.

    python -m benchmarks.probes.modalities --text-model text.tflite --audio-model audio.tflite

What `benchmarks.probes.run_loop` measures of the faces, this measures of the rest; the figures are
printed on standard output as JSON. Sound and text have threads of their own, and only the fusion is
added to the latency of a frame.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency.timer import time_calls
from device.errors import FerEdgeError, InputError
from device.face import Face
from device.geometry import Box
from device.labels import FERPLUS
from device.modalities.audio.classifier import AudioClassifier
from device.modalities.audio.features import RATE, LogMel
from device.modalities.fusion import Fusion
from device.modalities.modality import Modality
from device.modalities.pool import Reliability
from device.modalities.text.classifier import TextClassifier

LINES = (
    "ok",
    "The bus leaves at seven.",
    "I love this so much, thank you for everything you did for us!",
    "What? I did not expect that at all, and I am not sure that I like it.",
)
"""Lines of a usual length; they are timed in turn."""


def measure(text_model: Path | None, audio_model: Path | None, calls: int) -> dict[str, Any]:
    """Time each part.

    Args:
        text_model: `.tflite` of text; None leaves text out.
        audio_model: `.tflite` of speech; None leaves sound out.
        calls: number of timed calls of each part.

    Returns:
        By part p50 and p90 in milliseconds of a call, and what a call is.

    Raises:
        InputError: a model cannot be loaded, or there is none.
    """
    parts: dict[str, Any] = {}
    streams = []
    if text_model is not None:
        text = TextClassifier(text_model)
        ids = [text.features.ids(line) for line in LINES]
        parts["text_features"] = _part(text.features.ids, LINES, calls, "a line")
        parts["text_net"] = _part(text.classify, ids, calls, "a line")
        streams.append(_Answered("text", text.labels))
    if audio_model is not None:
        audio = AudioClassifier(audio_model)
        sound = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
        frames = LogMel()(sound)
        parts["audio_features"] = _part(LogMel(), [sound], calls, "a second of sound")
        parts["audio_net"] = _part(audio.push, [frames], calls, "a second of sound")
        streams.append(_Answered("audio", audio.labels))
    if not streams:
        raise InputError("no model: give --text-model, --audio-model, or both")
    names = ("face", *(stream.name for stream in streams))
    fusion = Fusion(
        FERPLUS,
        streams,
        dict.fromkeys(names, Reliability(0.5, 1.0, max_age=1e6)),
        threshold=0.4,
    )
    face = Face(Box(0, 0, 1, 1), labels=FERPLUS, probabilities=np.full(8, 0.125, np.float32))

    def fuse(faces: list[Face]) -> None:
        fusion.fuse(faces, time.monotonic())

    parts["fusion"] = _part(fuse, [[face]], calls, "a frame")
    return {"calls": calls, "parts": parts}


class _Answered:
    """A stream that has its answer."""

    def __init__(self, name: str, labels: tuple[str, ...]) -> None:
        self.name, self.labels = name, labels
        shares = np.full(len(labels), 1 / len(labels), np.float32)
        self._answer = Modality(name, labels, shares, time.monotonic())

    def start(self) -> None:
        """Nothing is opened."""

    def latest(self) -> Modality:
        """Give the answer."""
        return self._answer

    def close(self) -> None:
        """Nothing is open."""


def _part(
    call: Callable[[Any], object], arguments: Sequence[Any], calls: int, what: str
) -> dict[str, Any]:
    given = [arguments[number % len(arguments)] for number in range(calls)]
    times = np.array(time_calls(call, given)) / 1e6
    p50, p90 = np.percentile(times, (50, 90))
    return {"p50_ms": round(float(p50), 4), "p90_ms": round(float(p90), 4), "call": what}


def main() -> int:
    """Parse the command line, measure, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.probes.modalities", description=__doc__
    )
    parser.add_argument("--text-model", type=Path, help=".tflite file of fer-edge text")
    parser.add_argument("--audio-model", type=Path, help=".tflite file of fer-edge audio")
    parser.add_argument("--calls", type=int, default=1000, help="timed calls of each part")
    given = parser.parse_args()
    try:
        found = measure(given.text_model, given.audio_model, max(1, given.calls))
    except FerEdgeError as error:
        print(f"benchmarks.probes.modalities: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
