"""Estimates cycles from the instructions of each basic block.

Every block is simulated as if it ran repeatedly with all data in the level 1 cache and every branch
predicted correctly: memory stalls are not included.
"""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.counting.cores import Core
from benchmarks.counting.instructions import Kind, classify
from benchmarks.counting.recording import Words
from device.errors import CheckFailedError

COVERED = 0.995
"""Default fraction of the instructions whose blocks are simulated."""

ITERATIONS = 100
"""Number of consecutive iterations of a block in the simulation."""

_ISSUE = "issue rules of the core, both bounds"


@dataclass(frozen=True)
class Cycles:
    """Estimated cycles.

    Attributes:
        low: lower bound, or the estimate.
        high: upper bound; equal to `low` for an estimate.
        how: name of the method.
    """

    low: float
    high: float
    how: str


def estimate(
    blocks: Mapping[Words, float],
    texts: Mapping[int, str],
    core: Core,
    llvm_mca: Sequence[str],
    *,
    covered: float = COVERED,
) -> Cycles:
    """Estimate the cycles of one inference.

    Args:
        blocks: number of executions of each block.
        texts: disassembly of each instruction.
        core: core that executes the blocks.
        llvm_mca: command of LLVM's machine code analyzer.
        covered: fraction of the instructions whose blocks are simulated; the rest is extrapolated.

    Raises:
        CheckFailedError: `llvm-mca` fails, or does not support most instructions of a block.
    """
    total = sum(len(words) * n for words, n in blocks.items())
    hot, seen = [], 0.0
    for words in sorted(blocks, key=lambda words: -len(words) * blocks[words]):
        if seen >= covered * total:
            break
        hot.append(words)
        seen += len(words) * blocks[words]
    assembly = [[texts[word] for word in words] for words in hot]
    if core.scheduling is None:
        bounds = [_in_order(lines) for lines in assembly]
        how = _ISSUE
    else:
        bounds = [(c, c) for c in _simulate(assembly, core.scheduling, llvm_mca)]
        how = f"llvm-mca, {core.scheduling}"
    low, high = (
        sum(bound[side] * blocks[words] for bound, words in zip(bounds, hot, strict=True))
        for side in (0, 1)
    )
    return Cycles(low * total / seen, high * total / seen, how)


def _simulate(
    assembly: Sequence[Sequence[str]], scheduling: str, llvm_mca: Sequence[str]
) -> list[float]:
    """Simulate an out-of-order core and return the steady-state cycles of each block."""
    # Regions must be marked with "#": with "//", the whole input is one unnamed region.
    text = "".join(
        f"# LLVM-MCA-BEGIN {number}\n" + "\n".join(lines) + "\n# LLVM-MCA-END\n"
        for number, lines in enumerate(assembly)
    )
    options = (
        "--mtriple=aarch64", f"--mcpu={scheduling}", "--mattr=+dotprod,+fullfp16,+lse,+rdm",
        f"--iterations={ITERATIONS}", "--skip-unsupported-instructions=any", "--json",
    )  # fmt: skip
    done = subprocess.run(
        [*llvm_mca, *options], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise CheckFailedError(f"llvm-mca failed: {reason}")
    regions = {region["Name"]: region for region in json.loads(done.stdout)["CodeRegions"]}
    cycles = []
    for number, lines in enumerate(assembly):
        region = regions.get(str(number))
        known = len(region["Instructions"]) if region else 0
        if region is None or known < len(lines) / 2:
            raise CheckFailedError(f"llvm-mca knows {known} of {len(lines)} instructions: {lines}")
        each = region["SummaryView"]["TotalCycles"] / ITERATIONS
        cycles.append(each * len(lines) / known)
    return cycles


_INSERT = re.compile(r"(ins|mov) v\d+\.d\[1\], x")
_WIDE = re.compile(r"q\d|\.(16b|8h|4s|2d)\b")


def _in_order(lines: Sequence[str]) -> tuple[float, float]:
    """Return bounds of a block's cycles on the Cortex-A53: with dual issue where allowed, without.

    The issue rules are those published for hand-written kernels (ncnn, "arm-a53-a55-dual-issue"): a
    vector load takes one cycle per 64 bits and does not dual-issue with vector arithmetic, except
    that an insertion into the upper half may issue with a 64-bit operation; all other instructions
    dual-issue with vector arithmetic. Neither bound includes stalls on results. LLVM's model of
    this core is not used: it stalls on every earlier result, so that manually scheduled kernels
    appear twice as slow.
    """
    arithmetic = inserts = loads = narrow = wide = 0
    for line in lines:
        name, _, operands = line.partition(" ")
        if classify(line) is Kind.load:
            if not re.match(r"[qdsv{]", operands):
                continue
            loads += 1
            registers = 2 if name == "ldp" else operands.partition("}")[0].count("v") or 1
            if _WIDE.search(operands.partition("[")[0]):
                wide += 2 * registers
            else:
                narrow += registers
        elif re.match(r"[vqdsh]\d", operands) and not name.startswith("st"):
            arithmetic += 1
            inserts += _INSERT.match(line) is not None
    vector = arithmetic - min(inserts, narrow) + narrow + wide
    low = max(len(lines) / 2, vector)
    return low, max(low, len(lines) - loads + narrow + wide)
