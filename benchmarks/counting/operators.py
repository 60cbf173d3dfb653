"""Counts the instructions of each operator of a model.

    python -m benchmarks.counting.operators MODEL.tflite --core cortex-a72

With XNNPACK the whole graph is a single operator of the runtime. The model is therefore truncated
after each operator in turn; the count of an operator is the difference between the models truncated
after and before it. The overhead of a call is a separate row, counted on the model without
operators.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.counting import command, emulator
from benchmarks.counting.cores import Core
from benchmarks.counting.count import GUEST
from benchmarks.counting.kit import Kit
from benchmarks.counting.recording import STAGES
from benchmarks.probes import raw_model
from benchmarks.probes.operators import cut
from device.errors import InputError
from device.model import content, graph

_TIMES = 2  # inferences per truncated model; counts are deterministic
_AT_ONCE = (STAGES - 1) // 2  # truncated models per emulation, limited by the number of stages


@dataclass(frozen=True)
class OperatorCount:
    """Instructions of an operator.

    Attributes:
        name: name of the operator, or "call" for the overhead of a call.
        output: output shape without the batch axis.
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
        The overhead of a call, then the operators in order. Their sum is the count of the model.

    Raises:
        InputError: the file is not a model, or branches, or the installed runtime lacks the schema
            for truncating it.
        CheckFailedError: a truncated model does not run on the core.
    """
    whole = graph.load(path)
    schema = raw_model.schema()
    if schema is None:
        raise InputError("counting operators requires ai-edge-litert instead of tflite-runtime")
    if whole.subgraphs > 1:
        raise InputError(f"{path} branches: operators of such a model cannot be counted")
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
    """Return the instructions per inference of each truncated model."""
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


def _counted(kit: Kit, model: Path, core: Core) -> str:
    return table(count(kit, model, core))


def main() -> int:
    """Parse the command line, count, and print the table."""
    return command.main("benchmarks.counting.operators", {"model": ".tflite file"}, _counted)


if __name__ == "__main__":
    sys.exit(main())
