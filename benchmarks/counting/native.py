"""Compares a count with the processor's instruction counter, on an arm64 machine.

    python -m benchmarks.counting.native MODEL.tflite

runs the same program under `perf stat` and under QEMU. Both select kernels for this machine: the
emulated program reads its /proc/cpuinfo and supports every instruction set of QEMU. Exit code 0 if
the counts agree within 2 %, 1 if not, 2 if the machine has no counter.
"""

import argparse
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.counting import emulator, kit
from benchmarks.counting.cores import Core
from benchmarks.counting.count import GUEST, INFERENCES
from device.errors import CheckFailedError, FerEdgeError, InputError
from device.system import processor

TOLERANCE = 0.02

_NATIVE = 200  # inferences; the overhead around them is below the tolerance
_EVENT = "instructions:u"


def host_core(cpu_info: str) -> Core:
    """Return a core with the /proc/cpuinfo of this machine and all features of QEMU."""

    class Host(Core):
        @property
        def cpu_info(self) -> str:
            return cpu_info

    return Host("max", 0, 0, 0, "", None, ())


def count_emulated(model: Path) -> float:
    """Count one inference under QEMU with the kernels that this machine uses."""
    core = host_core(processor.CPU_INFO.read_text(encoding="utf-8", errors="replace"))
    arguments = (str(INFERENCES), "model.tflite")
    recorded = emulator.run(kit.find(), core, GUEST, arguments, {"model.tflite": model})
    blocks = recorded.difference(2, 1, INFERENCES)
    return sum(len(words) * n for words, n in blocks.items())


def count_native(model: Path) -> float:
    """Count one inference with the processor's counter, as the difference of two runs.

    Raises:
        InputError: `perf` is not installed, or this machine has no counter.
    """
    if platform.machine() != "aarch64":
        raise InputError(f"this machine is {platform.machine()}: run on an arm64 machine")
    less, more = (_perf(model, times) for times in (_NATIVE, 2 * _NATIVE))
    return (more - less) / (3 * _NATIVE)  # the program invokes N and then 2N times


def _perf(model: Path, times: int) -> int:
    if shutil.which("perf") is None:
        raise InputError("perf is not installed: sudo apt install linux-perf (or linux-tools)")
    command = ["perf", "stat", "--field-separator=;", f"--event={_EVENT}", "--"]
    done = subprocess.run(
        [*command, sys.executable, str(GUEST), str(times), str(model)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise InputError(f"perf stat failed: {lines[-1]}")
    return parse_perf(done.stderr)


def parse_perf(text: str) -> int:
    """Parse the number of instructions in the output of `perf stat --field-separator=;`.

    Raises:
        InputError: the machine has no such counter.
    """
    match = re.search(rf"^(\d+);[^;]*;{_EVENT}", text, re.MULTILINE)
    if match is None:
        raise InputError("this machine has no instruction counter (is it a virtual machine?)")
    return int(match[1])


def compare(native: float, emulated: float) -> str:
    """Format the difference of the two counts.

    Raises:
        CheckFailedError: the difference exceeds the tolerance.
    """
    apart = emulated / native - 1
    says = f"{emulated:,.0f} emulated, {native:,.0f} native: {100 * apart:+.2f} %"
    if abs(apart) > TOLERANCE:
        raise CheckFailedError(f"{says}; the tolerance is {100 * TOLERANCE:g} %")
    return says


def main() -> int:
    """Parse the command line, count twice, compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting.native")
    parser.add_argument("model", type=Path, help=".tflite file")
    model = parser.parse_args().model
    try:
        print(compare(count_native(model), count_emulated(model)))
    except FerEdgeError as error:
        print(f"benchmarks.counting.native: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
