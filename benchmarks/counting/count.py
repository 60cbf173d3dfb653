"""Instructions, memory and estimated cycles of one inference on a core."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.counting import cycles, emulator
from benchmarks.counting.cores import CORES, Core
from benchmarks.counting.cycles import Cycles
from benchmarks.counting.instructions import Disassembler, Kind, classify
from benchmarks.counting.kit import Kit
from benchmarks.counting.recording import Words
from benchmarks.models import reference
from device.errors import CheckFailedError

if TYPE_CHECKING:
    from benchmarks.results.types import CycleEstimate, InstructionCount, InstructionKinds

GUEST = Path(__file__).with_name("guest.py")
INFERENCES = 4
"""Number of inferences in the first stage; the second stage has twice as many."""

LITERT = "ai-edge-litert"


def try_out(kit: Kit) -> None:
    """Count the reference workload to check that a kit works.

    Raises:
        CheckFailedError: the kit does not work.
    """
    count = InstructionCounter(kit).model(reference.PATH, CORES["cortex-a53"])
    if not count["by_kind"][Kind.integer_multiply]:
        raise CheckFailedError("no integer multiplications were counted for the reference workload")


class InstructionCounter:
    """Counts models with an installed kit.

    Args:
        kit: installed kit.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._disassemble = Disassembler(kit.llvm_mc)

    def model(self, path: Path, core: Core) -> "InstructionCount":
        """Count one inference of a model on a core.

        Returns:
            A `count` block of `results.json`.

        Raises:
            CheckFailedError: the model does not run on the core, or a program of the kit fails.
        """
        arguments = (str(INFERENCES), "model.tflite")
        recorded = emulator.run(self._kit, core, GUEST, arguments, {"model.tflite": path})
        blocks = recorded.difference(2, 1, INFERENCES)
        by_kind = self.by_kind(blocks)
        less, more = recorded.memory[1:3]
        return {
            "kind": "counted",
            "core": core.name,
            "core_class": core.core_class,
            "instructions": sum(by_kind.values()),
            "by_kind": cast("InstructionKinds", by_kind),
            "bytes_read": round((more.read - less.read) / INFERENCES),
            "bytes_written": round((more.written - less.written) / INFERENCES),
            "working_set_bytes": less.touched,
            "runtime": f"{LITERT} {self._kit.version(LITERT)}",
            "emulator": self.emulator,
            "estimate": estimate(self.cycles(blocks, core), core),
        }

    def instructions(self, path: Path, core: Core) -> int:
        """Count only the instructions of one inference, which takes half the time.

        Raises:
            CheckFailedError: the model does not run on the core, or a program of the kit fails.
        """
        arguments = (str(INFERENCES), "model.tflite")
        files = {"model.tflite": path}
        recorded = emulator.run(self._kit, core, GUEST, arguments, files, memory=False)
        blocks = recorded.difference(2, 1, INFERENCES)
        return round(sum(len(words) * n for words, n in blocks.items()))

    def by_kind(self, blocks: Mapping[Words, float]) -> dict[str, int]:
        """Sum the executed instructions by kind."""
        texts = self._disassemble(word for words in blocks for word in words)
        found = dict.fromkeys(Kind, 0.0)
        for words, executions in blocks.items():
            for word in words:
                found[classify(texts[word])] += executions
        return {kind.value: round(found[kind]) for kind in Kind}

    @property
    def emulator(self) -> str:
        """Name and version of the emulator."""
        return f"QEMU {upstream(self._kit.version('qemu-user'))}"

    def cycles(
        self, blocks: Mapping[Words, float], core: Core, *, covered: float = cycles.COVERED
    ) -> Cycles:
        """Estimate the cycles of executed blocks on a core; see `cycles.estimate`."""
        texts = self._disassemble(word for words in blocks for word in words)
        return cycles.estimate(blocks, texts, core, self._kit.llvm_mca, covered=covered)


def upstream(version: str) -> str:
    """Return the upstream part of a Debian version, such as 7.2 for 1:7.2+dfsg-7."""
    return version.partition(":")[2].partition("+")[0] or version


def estimate(found: Cycles, core: Core) -> "CycleEstimate":
    """Return the `estimate` block of `results.json`: cycles, and latency by board."""
    return {
        "kind": "estimated",
        "cycles_low": round(found.low),
        "cycles_high": round(found.high),
        "how": found.how,
        "boards": [
            {
                "board": board.name,
                "ghz": board.ghz,
                "ms_low": round(found.low / board.ghz / 1e6, 3),
                "ms_high": round(found.high / board.ghz / 1e6, 3),
            }
            for board in core.boards
        ],
    }
