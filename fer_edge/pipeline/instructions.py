"""What a float net would cost as an int8 file on an Arm core, in instructions, against another net.

Instructions do not depend on what the weights are, so calibration after training stands in for
training, as for latencies (`latency`); but a count has no noise and needs no board.
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
"""What a target of `[channels]` begins with that names a core."""


def find_core(target: str) -> Core | None:
    """Give the core whose instructions a target of `[channels]` asks for; None for other targets.

    Raises:
        InputError: there is no such core, or nothing to count with.
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
        images: uint8 `[n, 48, 48]`, at least 100, for the calibration.
        normalization: of the nets' input.
        core: the core they are counted for.

    Returns:
        From a candidate to its instructions as a share of the parent's.

    Raises:
        InputError: there is nothing to count with.
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
