"""Counts the cost of one second of speech on a core: features, voice activity, inference.

python -m benchmarks.counting.sound runs/audio/audio_int8.tflite --core cortex-a72

Runs the loop of `device.modalities.audio.stream` on speech without pauses, without its thread and
source.
"""

import sys
from pathlib import Path

from benchmarks.counting import command, emulator
from benchmarks.counting.cores import Core
from benchmarks.counting.count import InstructionCounter, estimate
from benchmarks.counting.kit import Kit
from benchmarks.counting.sound_guest import STAGES
from device.modalities.audio.classifier import AudioClassifier

GUEST = Path(__file__).with_name("sound_guest.py")
SECONDS = 4
COVERED = 0.95
"""Fraction of a stage's instructions that are simulated; Python has many rare blocks."""


def count(kit: Kit, model: Path, core: Core) -> str:
    """Count one second of speech without pauses.

    Args:
        kit: installed kit.
        model: `.tflite` file made by `fer-edge audio`.
        core: core to emulate.

    Returns:
        A Markdown table: millions of instructions per second of audio, and the estimated load of
        one core of each board, without memory stalls.

    Raises:
        InputError: the file is not a speech model.
        CheckFailedError: the program fails on the core.
    """
    AudioClassifier(model)
    recorded = emulator.run(
        kit,
        core,
        GUEST,
        (str(SECONDS), "model.tflite"),
        {"model.tflite": model},
        memory=False,
        packages=emulator.PACKAGES,
    )
    counter = InstructionCounter(kit)
    rows = ["| stage | M instructions | share of a core |", "| --- | ---: | --- |"]
    for number, stage in enumerate(STAGES, start=1):
        blocks = {w: n / SECONDS for w, n in recorded.executions(number).items()}
        instructions = sum(len(words) * n for words, n in blocks.items())
        boards = estimate(counter.cycles(blocks, core, covered=COVERED), core)["boards"]
        shares = "; ".join(f"{board['board']} {board['ms_high'] / 10:.2f} %" for board in boards)
        rows.append(f"| {stage} | {instructions / 1e6:.1f} | {shares} |")
    return "\n".join(rows)


def main() -> int:
    """Parse the command line, count, and print the table."""
    files = {"model": ".tflite file made by fer-edge audio"}
    return command.main("benchmarks.counting.sound", files, count)


if __name__ == "__main__":
    sys.exit(main())
