"""Measure the overhead of timing each call: `python -m benchmarks.latency.overhead MODEL`.

In rounds in one process, calls that are timed one by one, as in a session, are compared with the
same calls in a loop that is timed as a whole. The difference is the overhead. The share of a call
outside `invoke` (writing the pixels, reading the probabilities) is given as well; it belongs to the
measured latency.
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
"""Largest acceptable overhead, as a fraction of the latency."""


@dataclass(frozen=True)
class Overhead:
    """Overhead as a fraction of the latency; negative if it is smaller than the noise.

    Attributes:
        model: name of the model file.
        rounds: number of rounds.
        bare_us: median over rounds of a call in the loop that is timed as a whole, in microseconds.
        added: overhead of timing each call, median over rounds.
        added_ci95: 95 % interval of `added`; None for a single round.
        around_invoke: share of a call outside `invoke`, relative to `invoke`.
    """

    model: str
    rounds: int
    bare_us: float
    added: float
    added_ci95: list[float] | None
    around_invoke: float


def measure(path: Path, *, rounds: int = 200, per_round: int = 50, seed: int = 0) -> Overhead:
    """Measure the overhead on one model with one thread.

    Args:
        path: `.tflite` file that `device.model.classifier.Classifier` can run.
        rounds: number of rounds, each with all kinds of calls in random order.
        per_round: number of calls of each kind in a round.
        seed: RNG seed of the order and of the random faces.

    Raises:
        InputError: the model cannot be run, or a count is below 1.
    """
    if min(rounds, per_round) < 1:
        raise InputError(f"rounds is {rounds} and per_round {per_round}: give 1 or more")
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
    classifier(faces[0])  # a warm-up call, as in `time_calls`
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
    """Parse the command line, measure, print; return 1 if the overhead exceeds LIMIT."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency.overhead", description=__doc__
    )
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("--rounds", type=int, default=200, help="number of rounds")
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
