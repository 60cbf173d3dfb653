"""Worker script for an environment with `tflite-micro`; it needs numpy and that package only.

`python tflite_micro_worker.py FOLDER` runs `model.tflite` on `inputs.npy` and writes `outputs.npy`
and `told.json` to FOLDER. `quantization.export.tflite_micro` starts it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

_STEP = 16
"""Alignment of everything in the arena, in bytes."""

_LARGEST = 1 << 28
"""Largest arena to try, in bytes; microcontrollers have a thousandth of this."""


def _interpreter(model: bytes, arena: int) -> Any:
    from tflite_micro import runtime

    return runtime.Interpreter.from_bytes(model, arena_size=arena)


def _fits(model: bytes, arena: int) -> bool:
    try:
        _interpreter(model, arena)
    except RuntimeError:  # «TFLM failed to allocate tensors»
        return False
    return True


def smallest_arena(model: bytes) -> int | None:
    """Smallest arena in bytes that the model fits into; None if it cannot be loaded at all."""
    if not _fits(model, _LARGEST):
        return None
    enough = 1 << 14
    while not _fits(model, enough):
        enough *= 2
    too_few = 0
    while enough - too_few > _STEP:
        middle = (too_few + enough) // 2 // _STEP * _STEP
        if _fits(model, middle):
            enough = middle
        else:
            too_few = middle
    return enough


def main(folder: str) -> int:
    """Run the model in its smallest arena and write the results to the folder."""
    here = Path(folder)
    model = (here / "model.tflite").read_bytes()
    arena = smallest_arena(model)
    if arena is None:
        print("tflite-micro cannot load the model", file=sys.stderr)
        return 1
    interpreter = _interpreter(model, arena)
    outputs = []
    for values in np.load(here / "inputs.npy"):
        interpreter.set_input(values[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    np.save(here / "outputs.npy", np.stack(outputs))
    told = {"runtime": f"tflite-micro {version('tflite-micro')}", "arena_bytes": arena}
    (here / "told.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
