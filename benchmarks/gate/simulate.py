"""Estimate the gate's false-alarm and detection rates on recorded noise.

    python -m benchmarks.gate.simulate MONDAY/results.json TUESDAY/results.json …

The files are sessions of the same models on one machine: schema 2.0 or later, 100 rounds or more,
preferably on days with different load. Pairs of sessions are drawn from them, once unchanged and
once with one session made slower. The rates are printed on standard output.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate import difference
from benchmarks.results import file as results_file
from device.errors import FerEdgeError, InputError
from device.system.atomic_file import replacing


@dataclass(frozen=True)
class Rates:
    """Share of pairs that the rule "slower by more than `limit`" fails.

    Attributes:
        false_alarms: share of failed pairs of identical models.
        detected: share of failed pairs in which one session was made slower.
    """

    false_alarms: float
    detected: float


def simulate(
    noise: NDArray[np.float64],
    *,
    pairs: int = 200,
    rounds: int = 100,
    limit: float = 0.05,
    slow: float = 0.15,
    confidence: float = 0.95,
    seed: int = 0,
) -> Rates:
    """Draw pairs of sessions of one model and apply the rule to them.

    A pair consists of excerpts of two different recorded sessions, each of consecutive rounds. So
    the correlation between rounds and the differences between sessions are preserved.

    Args:
        noise: float64 [sessions, rounds, models], round medians in microseconds; the first model is
            the reference workload.
        pairs: number of pairs, for each of the two rates.
        rounds: number of rounds in an excerpt.
        limit: limit of the rule, a fraction of 1.
        slow: slow-down that is to be detected, a fraction of 1.
        confidence: confidence of the rule.
        seed: RNG seed.
    """
    draw = np.random.default_rng(seed)

    def share(factor: float) -> float:
        failed = []
        for repeat in range(pairs):
            model = int(draw.integers(1, noise.shape[2]))
            now, before = (
                _excerpt(noise[session], model, rounds, draw)
                for session in draw.choice(len(noise), 2, replace=False)
            )
            found = difference.slow_down(
                (factor * now[0], now[1]), before, confidence=confidence, seed=repeat
            )
            failed.append(found.low > limit)
        return float(np.mean(failed))

    return Rates(false_alarms=share(1.0), detected=share(1.0 + slow))


def _excerpt(
    session: NDArray[np.float64], model: int, rounds: int, draw: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    start = draw.integers(len(session) - rounds + 1)
    part = session[start : start + rounds]
    return part[:, model], part[:, 0]


def load(paths: Sequence[Path]) -> NDArray[np.float64]:
    """Read the round medians of sessions.

    Args:
        paths: `results.json` files of the same models, or one `.npz` that `save` wrote.

    Returns:
        float64 [sessions, rounds, models] in microseconds; the first model is the reference
        workload.

    Raises:
        InputError: there are fewer than two sessions, they have different models, or a file has no
            round medians.
    """
    if len(paths) == 1 and paths[0].suffix == ".npz":
        with np.load(paths[0]) as file:
            return file["medians"] * float(file["unit_us"])
    if len(paths) < 2:
        raise InputError("give two or more results.json of the same models, or one .npz")
    sessions = []
    for path in paths:
        whole = results_file.load(path)
        latencies = [block and block["latency"] for block in (whole["reference"], *whole["models"])]
        medians = [block["round_medians_us"] for block in latencies if block]
        if len(medians) < len(latencies) or None in medians:
            raise InputError(f"{path} has no round medians of every model: measure it again")
        sessions.append(np.array(medians).T)
    models = {session.shape[1] for session in sessions}
    if len(models) > 1:
        raise InputError("the files have different numbers of models: measure the same ones")
    shortest = min(map(len, sessions))
    return np.stack([session[:shortest] for session in sessions])


def save(noise: NDArray[np.float64], path: Path, unit_us: float = 0.05) -> None:
    """Write round medians in a compact form: compressed 16-bit multiples of `unit_us`."""
    counts = np.rint(noise / unit_us).clip(0, np.iinfo(np.uint16).max).astype(np.uint16)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, medians=counts, unit_us=unit_us)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, simulate, and print the rates."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate.simulate", description=__doc__)
    parser.add_argument("sessions", type=Path, nargs="+", help="results.json files, or one .npz")
    parser.add_argument("--pairs", type=int, default=200, help="pairs for each rate")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each session in a pair")
    parser.add_argument("--limit", type=float, default=0.05, help="limit, a fraction of 1")
    parser.add_argument("--slow", type=float, default=0.15, help="slow-down, a fraction of 1")
    parser.add_argument("--seed", type=int, default=0, help="RNG seed")
    parser.add_argument("--save", type=Path, help="write the noise to this .npz")
    options = parser.parse_args(arguments)
    try:
        noise = load(options.sessions)
        if noise.shape[1] < options.rounds:
            raise InputError(f"--rounds {options.rounds}: the sessions have {noise.shape[1]}")
        if options.save:
            save(noise, options.save)
    except FerEdgeError as error:
        print(f"benchmarks.gate.simulate: {error}", file=sys.stderr)
        return error.exit_code
    rates = simulate(
        noise,
        pairs=options.pairs,
        rounds=options.rounds,
        limit=options.limit,
        slow=options.slow,
        seed=options.seed,
    )
    print(
        f"{options.pairs} pairs of {options.rounds} rounds, rule: slower by more than "
        f"{options.limit:.1%} with 95 % confidence\n"
        f"false alarms on identical models: {rates.false_alarms:.1%}\n"
        f"detected of a {options.slow:.1%} slow-down: {rates.detected:.1%}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
