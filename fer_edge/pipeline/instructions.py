"""Instructions of a float net as an int8 file on an Arm core, relative to another net.

Instruction counts do not depend on the values of the weights, so a candidate is converted by
post-training quantization instead of being trained, as for latencies (`latency`); unlike latencies,
counts have no noise and need no board.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.counting import kit
from benchmarks.counting.cores import Core, select
from fer_edge.pipeline.latency import write_int8

if TYPE_CHECKING:
    from quantization.channels.selection import Measure
    from quantization.normalization import Normalization

PREFIX = "instructions:"
"""Prefix of a `[channels]` target that names a core."""


def find_core(target: str) -> Core | None:
    """Return the core that a `[channels]` target names; None for other targets.

    Raises:
        InputError: the core is unknown, or the tools for counting are missing.
    """
    if not target.startswith(PREFIX):
        return None
    (core,) = select([target.removeprefix(PREFIX)])
    kit.find()
    return core


def instruction_ratio(
    parent: Any, images: NDArray[np.uint8], *, normalization: "Normalization", core: Core
) -> "Measure":
    """Make a function that counts a candidate's instructions.

    Args:
        parent: a Keras model from normalized pixels to logits per head.
        images: calibration images, uint8 `[n, 48, 48]`, at least 100.
        normalization: input normalization of the nets.
        core: core for which instructions are counted.

    Returns:
        A function from a candidate to its instructions as a fraction of the parent's.

    Raises:
        InputError: the tools for counting are missing.
    """
    from benchmarks.counting.count import InstructionCounter

    counter = InstructionCounter(kit.find())

    def count(model: Any) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "candidate.tflite"
            write_int8(model, path, images, normalization)
            instructions: int = counter.model(path, core)["instructions"]
        return instructions

    whole = count(parent)
    return lambda candidate: count(candidate) / whole
