"""Guest program: invokes each model N times, then 2N times.

    python guest.py N MODEL...

Requires only the runtime and uses no random numbers, so that all runs execute the same
instructions. The difference of a model's two stages is the count of N inferences, without the
overhead of a stage. The stages of the first model are 1 and 2, those of the second 3 and 4, etc.
"""

import contextlib
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

MARK = 0x666572


def enter(stage: int) -> None:
    """Announce a stage to the plugin with a system call that fails without effect."""
    with contextlib.suppress(OSError):
        os.getpriority(MARK, stage)


def invoke(path: str, times: int, stage: int) -> None:
    """Invoke a model in two stages on a fixed input pattern."""
    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    for tensor in interpreter.get_input_details():
        whole = np.issubdtype(tensor["dtype"], np.integer)
        pattern = np.arange(np.prod(tensor["shape"])).reshape(tensor["shape"]) * 37 % 251
        values = pattern - 128 * (tensor["dtype"] == np.int8) if whole else pattern / 125.0 - 1
        interpreter.set_tensor(tensor["index"], values.astype(tensor["dtype"]))
    interpreter.invoke()
    enter(stage)
    for _ in range(times):
        interpreter.invoke()
    enter(stage + 1)
    for _ in range(2 * times):
        interpreter.invoke()
    enter(0)


def main() -> None:
    """Invoke the models."""
    times, *paths = sys.argv[1:]
    for number, path in enumerate(paths):
        invoke(path, int(times), 2 * number + 1)


if __name__ == "__main__":
    main()
