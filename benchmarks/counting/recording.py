"""Reads recordings of the plugin: executions of each basic block by stage."""

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from device.errors import CheckFailedError

Words = tuple[int, ...]
"""Instruction words of a block, 32 bits each."""

STAGES = 16
"""Number of stages of the plugin, including the unrecorded stage 0."""

LINE = 64
"""Size of a cache line in bytes."""


@dataclass(frozen=True)
class Memory:
    """Memory accesses of a stage.

    Attributes:
        read: bytes read.
        written: bytes written.
        touched: size in bytes of the distinct cache lines that were read or written.
    """

    read: int
    written: int
    touched: int


@dataclass(frozen=True)
class Recording:
    """Recorded stages of a run.

    Attributes:
        blocks: number of executions by stage, for each block.
        memory: memory accesses by stage.
    """

    blocks: Mapping[Words, tuple[int, ...]]
    memory: tuple[Memory, ...]

    def executions(self, stage: int) -> Counter[Words]:
        """Return the executions of each block in a stage."""
        return Counter({words: n[stage] for words, n in self.blocks.items() if n[stage]})

    def difference(self, more: int, less: int, times: int) -> dict[Words, float]:
        """Return the executions of one stage minus those of another, divided by `times`."""
        return {
            words: (n[more] - n[less]) / times
            for words, n in self.blocks.items()
            if n[more] != n[less]
        }


def read(path: Path) -> Recording:
    """Read a recording.

    Raises:
        CheckFailedError: the file is truncated, or the guest ran several threads.
    """
    content = path.read_bytes()
    try:
        return _parse(content)
    except struct.error as error:
        raise CheckFailedError(
            f"{path} is truncated after {len(content)} bytes: count again"
        ) from error


def _parse(content: bytes) -> Recording:
    threads, stages = struct.unpack_from("=QQ", content)
    if threads != 1:
        raise CheckFailedError(f"the emulated program ran {threads} threads: only one is supported")
    place = 16
    memory = []
    for _ in range(stages):
        was_read, written, lines = struct.unpack_from("=QQQ", content, place)
        memory.append(Memory(was_read, written, lines * LINE))
        place += 24
    blocks: dict[Words, tuple[int, ...]] = {}
    while place < len(content):
        (length,) = struct.unpack_from("=Q", content, place)
        executions = struct.unpack_from(f"={stages}Q", content, place + 8)
        place += 8 + 8 * stages
        words = struct.unpack_from(f"={length}I", content, place)
        place += 4 * length
        before = blocks.get(words, (0,) * stages)  # equal code at two addresses is one block
        blocks[words] = tuple(a + b for a, b in zip(before, executions, strict=True))
    return Recording(blocks, tuple(memory))
