"""What the clock around every call costs: `python -m benchmarks.latency.overhead MODEL`.

In the same process, in rounds: a turn as a session times it, each call with a clock around it,
against a bare loop of the same calls with one clock around the loop. What the sum of the turn is
longer than the loop is what measuring adds to the measured. Beside it stands how much longer the
calls are than `invoke` alone: pixels in, probabilities out, which belongs to the measured.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.timer import time_calls
from benchmarks.stats import bootstrap
from device.errors import FerEdgeError, InputError
from device.geometry import FACE_SIZE
from device.model.classifier import Classifier

LIMIT = 0.02
"""Of the measured inference: what measuring may add."""


@dataclass(frozen=True)
class Overhead:
    """What measuring adds, as fractions of the inference; negative where noise is larger.

    Attributes:
        model: file name.
        rounds: that were measured.
        bare_us: a call in the bare loop, median over rounds.
        added: by the clock, median over rounds.
        added_ci95: its interval; None for a single round.
        around_invoke: what a call takes beside `invoke`.
    """

    model: str
    rounds: int
    bare_us: float
    added: float
    added_ci95: list[float] | None
    around_invoke: float


def measure(path: Path, *, rounds: int = 200, per_round: int = 50, seed: int = 0) -> Overhead:
    """Measure it on one model, one thread.

    Args:
        path: a `.tflite` file that `device.model.classifier.Classifier` runs.
        rounds: in which timed and bare calls take turns, in random order.
        per_round: calls of each.
        seed: of the order and the faces.

    Raises:
        InputError: the model cannot be run, or a count is below 1.
    """
    if min(rounds, per_round) < 1:
        raise InputError("give 1 or more rounds, and calls in a round")
    classifier = Classifier(path)
    draw = np.random.default_rng(seed)
    faces = list(draw.integers(0, 256, (per_round, FACE_SIZE, FACE_SIZE), np.uint8))
    ways = (_timed, _bare, _invoke)
    times = np.empty((rounds, len(ways)))
    for row in times:
        for way in draw.permutation(len(ways)):
            row[way] = ways[way](classifier, faces)
    timed, bare, invoke = times.T
    added = timed / bare - 1
    return Overhead(
        model=path.name,
        rounds=rounds,
        bare_us=float(np.median(bare)) / per_round / 1000,
        added=float(np.median(added)),
        added_ci95=bootstrap.median_interval(added, seed),
        around_invoke=float(np.median(bare / invoke)) - 1,
    )


def _timed(classifier: Classifier, faces: list[NDArray[np.uint8]]) -> int:
    return sum(time_calls(classifier, faces))


def _bare(classifier: Classifier, faces: list[NDArray[np.uint8]]) -> int:
    classifier(faces[0])  # a turn begins so, too
    start = perf_counter_ns()
    for face in faces:
        classifier(face)
    return perf_counter_ns() - start


def _invoke(classifier: Classifier, faces: list[NDArray[np.uint8]]) -> int:
    classifier(faces[0])
    start = perf_counter_ns()
    for _ in faces:
        classifier.invoke()
    return perf_counter_ns() - start


def main() -> int:
    """Read the command line, measure, print; exit code 1 where the clock adds more than LIMIT."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency.overhead", description=__doc__
    )
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--per-round", type=int, default=50, help="calls of each kind in a round")
    options = parser.parse_args()
    try:
        found = measure(options.model, rounds=options.rounds, per_round=options.per_round)
    except FerEdgeError as error:
        print(f"benchmarks.latency.overhead: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(asdict(found), indent=2))
    return int((found.added_ci95 or [found.added])[0] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
