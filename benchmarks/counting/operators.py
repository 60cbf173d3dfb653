"""Count the instructions of each operator of a model, by truncating the model after it.

    python -m benchmarks.counting.operators MODEL.tflite --core cortex-a72

With XNNPACK the whole graph is a single operator of the runtime. So the model is truncated after
each operator in turn; the count of an operator is the difference between the model truncated after
it and the one truncated before it. The overhead of a call is a row of its own, counted on the model
without operators.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.counting import emulator
from benchmarks.counting.cores import CORES, Core
from benchmarks.counting.count import GUEST
from benchmarks.counting.kit import Kit, find
from benchmarks.counting.recording import STAGES
from benchmarks.probes import raw_model
from benchmarks.probes.operators import cut
from device.errors import FerEdgeError, InputError
from device.model import content, graph

_TIMES = 2  # inferences of a truncated model; their count has no noise
_AT_ONCE = (STAGES - 1) // 2  # truncated models for which one emulation has stages


@dataclass(frozen=True)
class OperatorCount:
    """Instructions of an operator.

    Attributes:
        name: name of the operator, or "call" for the overhead of a call.
        output: shape of its output without the batch axis.
        multiply_adds: multiply-adds of one inference.
        instructions: instructions of one inference.
    """

    name: str
    output: tuple[int, ...]
    multiply_adds: int
    instructions: int


def count(kit: Kit, path: Path, core: Core) -> list[OperatorCount]:
    """Count each operator of a model on a core.

    Args:
        kit: installed kit.
        path: `.tflite` file with one graph.
        core: core to emulate.

    Returns:
        The overhead of a call, then the operators in order. Their sum is that of the model.

    Raises:
        InputError: the file is not a model, or branches, or the runtime has no schema to truncate
            it with.
        CheckFailedError: a truncated model does not run on the core.
    """
    whole = graph.load(path)
    schema = raw_model.schema()
    if schema is None:
        raise InputError("operators are counted with ai-edge-litert installed, not tflite-runtime")
    if whole.subgraphs > 1:
        raise InputError(f"{path} branches: its operators cannot be counted one by one")
    totals = _totals(kit, cut(schema, content.read(path)), core)
    call = OperatorCount("call", (), 0, totals[0])
    return [
        call,
        *(
            OperatorCount(
                operator.name,
                whole.tensors[operator.outputs[0]].shape[1:],
                operator.multiply_adds,
                after - before,
            )
            for operator, (before, after) in zip(whole.operators, pairwise(totals), strict=True)
        ),
    ]


def _totals(kit: Kit, cuts: Sequence[bytes], core: Core) -> list[int]:
    """Return the instructions of an inference of each truncated model."""
    totals: list[int] = []
    with tempfile.TemporaryDirectory(prefix="fer-edge-cuts-") as name:
        for first in range(0, len(cuts), _AT_ONCE):
            files = {}
            for number, part in enumerate(cuts[first : first + _AT_ONCE]):
                path = Path(name) / f"{number}.tflite"
                path.write_bytes(part)
                files[path.name] = path
            recorded = emulator.run(kit, core, GUEST, (str(_TIMES), *files), files, memory=False)
            for number in range(len(files)):
                blocks = recorded.difference(2 * number + 2, 2 * number + 1, _TIMES)
                totals.append(round(sum(len(words) * n for words, n in blocks.items())))
    return totals


def table(rows: Sequence[OperatorCount]) -> str:
    """Format the rows as a table."""
    total = sum(row.instructions for row in rows)
    lines = [f"{'operator':<20}{'output':>12}{'multiply-adds':>15}{'instructions':>14}{'share':>8}"]
    for row in rows:
        shape = "x".join(map(str, row.output))
        lines.append(
            f"{row.name:<20}{shape:>12}{row.multiply_adds:>15,}{row.instructions:>14,}"
            f"{row.instructions / total:>8.1%}"
        )
    lines.append(f"{'all':<32}{sum(r.multiply_adds for r in rows):>15,}{total:>14,}{1:>8.0%}")
    return "\n".join(lines)


def main() -> int:
    """Parse the command line, count, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting.operators")
    parser.add_argument("model", type=Path, help=".tflite file")
    parser.add_argument("--core", choices=CORES, default="cortex-a72", help="core to count for")
    arguments = parser.parse_args()
    try:
        print(table(count(find(), arguments.model, CORES[arguments.core])))
    except FerEdgeError as error:
        print(f"benchmarks.counting.operators: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
