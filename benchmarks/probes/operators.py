"""Time each operator of a model, by truncating the model after it.

LiteRT's Python interface has no profiler, and with XNNPACK the whole graph is a single operator. So
the model is truncated after each operator in turn; the time of an operator is the difference
between the model truncated after it and the one truncated before it.
"""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import progress
from benchmarks.latency.timer import time_calls
from benchmarks.probes import raw_model
from device.model import content as model_content
from device.model import graph
from device.model.runtime import find_runtime

if TYPE_CHECKING:
    from benchmarks.results.types import OperatorProfile

MOST_BYTES = 200_000_000
"""Largest size of all truncated models together, which are in memory at the same time."""


def operators(
    path: Path,
    *,
    images: NDArray[np.uint8],
    rounds: int = 30,
    per_round: int = 5,
    seconds: float = 20.0,
    seed: int = 0,
) -> "OperatorProfile | None":
    """Profile a model with one thread, with XNNPACK if it takes the graph.

    All truncated models are timed interleaved, in random order in every round, and compared within
    a round, so that a drift of the machine affects all alike. Their times are then made
    non-decreasing (isotonic regression; Barlow et al. 1972), because no operator takes negative
    time.

    Args:
        path: `.tflite` file with one input.
        images: uint8 [n, h, w], n > 0; the first fills the input, whatever its size. The content
            does not affect the time.
        rounds: largest number of rounds.
        per_round: number of timed runs of each truncated model in a round.
        seconds: time after which no further round starts.
        seed: RNG seed of the order in the rounds.

    Returns:
        The `operators` block of `results.json`, in microseconds and shares of the sum. None, with
        the reason on standard error, if the runtime has no schema to edit models with or does not
        run a truncated model, or if the model branches, is empty or is too large.

    Raises:
        InputError: the file is damaged or not a model.
    """
    schema = raw_model.schema()
    whole = graph.load(path)
    count = len(whole.operators)
    content = model_content.read(path)
    reasons = {
        f"{find_runtime().name} has no schema to cut models with": schema is None,
        "the model branches": whole.subgraphs > 1,
        "the model has no operator": not count,
        f"the model is too large to be cut at {count} operators": (
            len(content) * count > MOST_BYTES
        ),
    }
    for reason, holds in reasons.items():
        if holds:
            progress.skipped("operator times", path, reason)
            return None
    try:
        cuts = [raw_model.load(part) for part in cut(schema, content)]
        for interpreter in cuts:
            _fill(interpreter, images[0])
        medians = _time(cuts, rounds, per_round, seconds, seed)
    except (RuntimeError, ValueError) as error:  # raised by the runtime
        lines = str(error).strip().splitlines() or ["no reason given"]
        progress.skipped("operator times", path, f"a cut of it does not run ({lines[0]})")
        return None
    # Ratios to the whole model, which was timed in the same round.
    ratios = np.median(medians / medians[:, -1:], axis=0)
    micros = np.diff(isotonic(ratios * np.median(medians[:, -1]))) / 1000
    total = max(float(micros.sum()), np.finfo(float).tiny)
    return {
        "kind": "derived",
        "how": f"differences of models cut off after each operator, 1 thread, "
        f"{find_runtime().name}, median of {len(medians)} rounds",
        "rows": [
            {
                "index": operator.index,
                "name": operator.name,
                "us_p50": float(micros[i]),
                "share": float(micros[i]) / total,
                "multiply_adds": operator.multiply_adds,
            }
            for i, operator in enumerate(whole.operators)
        ],
    }


def cut(schema: Any, content: bytes) -> list[bytes]:
    """Truncate a model after 0, 1, … all of its operators.

    Tensors that an operator writes and no other one reads become outputs, so that the runtime does
    not drop the operator as unused. Tensors that depend only on constants are excluded, because
    the runtime computes them when it loads the model.

    Args:
        schema: schema of model files, see `benchmarks.probes.raw_model.schema`.
        content: content of a model file with one subgraph.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    model.signatureDefs = []  # signatures refer to outputs
    part = model.subgraphs[0]
    every = list(part.operators)
    cuts = []
    for count in range(len(every) + 1):
        part.operators = every[:count]
        part.outputs = dangling_outputs(part) or list(part.inputs)
        cuts.append(raw_model.pack(model))
    return cuts


def dangling_outputs(part: Any) -> list[int]:
    """Find the tensors that depend on the input and that no operator of a subgraph reads.

    Args:
        part: subgraph of the schema.

    Returns:
        Indices of the tensors.
    """
    live, read = {int(i) for i in part.inputs}, set()
    written = []
    for operator in part.operators:
        inputs = {int(i) for i in operator.inputs}
        read |= inputs
        if inputs & live:
            written += [int(i) for i in operator.outputs]
            live |= set(written)
    return [i for i in written if i not in read]


def isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the non-decreasing values that are nearest by least squares.

    Pool adjacent violators: Barlow, Bartholomew, Bremner, Brunk, "Statistical inference under order
    restrictions" (1972). Implemented here because a Raspberry Pi does not need SciPy otherwise.

    Args:
        values: float64 [n].
    """
    pools: list[tuple[float, int]] = []  # mean and size
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            before, members = pools.pop()
            mean = (before * members + mean * size) / (members + size)
            size += members
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])


def _fill(interpreter: Any, image: NDArray[np.uint8]) -> None:
    source = interpreter.get_input_details()[0]
    signed = source["dtype"] == np.int8
    pixels = (image ^ np.uint8(0x80)).view(np.int8) if signed else image
    interpreter.set_tensor(
        source["index"], np.resize(pixels, source["shape"]).astype(source["dtype"])
    )


def _time(
    cuts: list[Any], rounds: int, per_round: int, seconds: float, seed: int
) -> NDArray[np.float64]:
    """Time the truncated models.

    Returns:
        float64 [rounds, models], the median of each round in nanoseconds.
    """
    order = np.random.default_rng(seed)
    end = perf_counter() + seconds
    medians: list[NDArray[np.float64]] = []
    while not medians or (len(medians) < rounds and perf_counter() < end):
        row = np.empty(len(cuts))
        for place in order.permutation(len(cuts)):
            row[place] = np.median(_runs(cuts[place], per_round))
        medians.append(row)
    return np.stack(medians)


def _runs(interpreter: Any, count: int) -> NDArray[np.int64]:
    return np.array(time_calls(lambda _: interpreter.invoke(), range(count)), np.int64)
