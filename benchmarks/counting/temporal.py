"""Counts what a temporal head costs on a core, beside its classifier and exponential smoothing.

python -m benchmarks.counting.temporal HEAD.tflite CLASSIFIER.tflite --core cortex-a72

The counts include the Python code around the nets.
"""

import sys
from pathlib import Path

from benchmarks.counting import command, emulator
from benchmarks.counting.cores import Core
from benchmarks.counting.kit import Kit
from benchmarks.counting.temporal_guest import STAGES
from device.model.classifier import Classifier
from device.tracking.temporal import TemporalModel

GUEST = Path(__file__).with_name("temporal_guest.py")
FRAMES = 8
"""Number of counted frames."""


def count(kit: Kit, head: Path, classifier: Path, core: Core) -> str:
    """Count one frame of a face.

    Args:
        kit: installed kit.
        head: `.tflite` file made by `fer-edge temporal`.
        classifier: `.tflite` file of the classifier.
        core: core to emulate.

    Returns:
        A Markdown table: thousands of instructions of each stage, and their ratio to those of the
        classifier.

    Raises:
        InputError: a file is not such a model, or the labels differ.
        CheckFailedError: the program fails on the core.
    """
    TemporalModel(head).check(Classifier(classifier).labels)
    recorded = emulator.run(
        kit,
        core,
        GUEST,
        (str(FRAMES), "model.tflite", "head.tflite"),
        {"model.tflite": classifier, "head.tflite": head},
        memory=False,
        packages=emulator.PACKAGES,
    )
    counts = [
        sum(len(words) * n for words, n in recorded.executions(number).items()) / FRAMES
        for number in range(1, len(STAGES) + 1)
    ]
    rows = ["| stage | thousand instructions | of the classifier's |", "| --- | ---: | ---: |"]
    rows += [
        f"| {stage} | {instructions / 1000:,.0f} | {100 * instructions / counts[0]:.1f} % |"
        for stage, instructions in zip(STAGES, counts, strict=True)
    ]
    return "\n".join(rows)


def main() -> int:
    """Parse the command line, count, and print the table."""
    files = {
        "head": ".tflite file made by fer-edge temporal",
        "classifier": ".tflite file of its classifier",
    }
    return command.main("benchmarks.counting.temporal", files, count)


if __name__ == "__main__":
    sys.exit(main())
