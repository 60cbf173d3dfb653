"""What a session measures beside accuracy and latency: cold starts, operators, counts, frames.

Each has a module of its own; here is which of them a session wants, and where the figures go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import progress
from benchmarks.counting import cores, kit
from benchmarks.counting import frame as count_frame
from benchmarks.counting.count import InstructionCounter
from benchmarks.models.model import ModelUnderTest
from benchmarks.probes import camera_frame, cold_start, peak_throughput
from benchmarks.probes import operators as operator_profile
from device.errors import InputError


@dataclass(frozen=True)
class OptionalProbes:
    """What is wanted.

    Attributes:
        cold: fresh processes a model, 0 for no cold starts.
        profile: whether to time each operator.
        peak: whether to time a large matrix product.
        count: names of the cores that instructions are counted for, see `counting.cores`.
        video: of a face, to time whole frames; None for none.
        frames: of the video.
        detector: of the frames, "haar" or "yunet".
        detector_model: file of YuNet.
        every: frames from one detection to the next, where instructions of frames are counted.
    """

    cold: int = 0
    profile: bool = False
    peak: bool = False
    count: Sequence[str] = ()
    video: Path | None = None
    frames: int = 300
    detector: str = "haar"
    detector_model: Path | None = None
    every: int = 1

    def check(self, models_under_test: Sequence[ModelUnderTest]) -> None:
        """Refuse what cannot be measured, before anything is.

        Raises:
            InputError: a number below 0, no such core, nothing to count with, no such video, or no
                model of ours for it.
        """
        if self.cold < 0:
            raise InputError(f"cold is {self.cold}: give 0 or more")
        cores.select(self.count)
        if self.count:
            kit.find()
        if self.video is None:
            return
        if not self.video.is_file():
            raise InputError(f"{self.video}: no such video")
        if all(one.spec for one in models_under_test):
            raise InputError("whole frames take a model of fer-edge's own: give one")
        if self.every < 1:
            raise InputError(f"detection every {self.every} frames: give 1 or more")
        if self.count:
            count_frame.check(self.video, self.detector, self.detector_model)

    def measure(
        self,
        models_under_test: Sequence[ModelUnderTest],
        images: NDArray[np.uint8],
        written: dict[str, Any],
        *,
        threads: int,
        seed: int,
        timed: bool = True,
    ) -> None:
        """Measure one after the other, and fill in the blocks.

        Whole frames are those of the first model of ours: what one of others needs around it in
        an application is not known here.

        Args:
            models_under_test: the models.
            images: uint8 [n, 48, 48].
            written: the results.
            threads: of the interpreter.
            seed: of what is random.
            timed: whether to time whole frames.

        Raises:
            InputError: a model or the video cannot be used.
        """
        blocks = written["models"]
        pairs = list(zip(models_under_test, blocks, strict=True))
        if self.peak:
            written["peak"] = peak_throughput.measure()
        if self.cold:
            for one, block in progress.track(pairs, "cold starts", len(pairs)):
                block["cold"] = cold_start.measure(
                    one.classifier.path, threads=threads, n=self.cold, seed=seed, peer=one.spec
                )
        if self.profile:
            for one, block in progress.track(pairs, "operators", len(pairs)):
                block["operators"] = operator_profile.operators(
                    one.classifier.path, images=images, seed=seed
                )
        if self.count:
            self._count(pairs, written)
        if self.video is not None and timed:
            written["frame"] = camera_frame.measure(
                self.video,
                _first_of_ours(models_under_test),
                detector=self.detector,
                detector_model=self.detector_model,
                frames=self.frames,
                threads=threads,
            )

    def _count(
        self, pairs: Sequence[tuple[ModelUnderTest, dict[str, Any]]], written: dict[str, Any]
    ) -> None:
        """Count instructions of the models, and of whole frames where there is a video."""
        found, emulated = kit.find(), cores.select(self.count)
        counter = InstructionCounter(found)
        wanted = [(*pair, core) for pair in pairs for core in emulated]
        for one, block, core in progress.track(wanted, "instructions", len(wanted)):
            block["counts"].append(counter.model(one.classifier.path, core))
        if self.video is None:
            return
        model = _first_of_ours([one for one, _ in pairs])
        for core in progress.track(emulated, "instructions of a frame", len(emulated)):
            written["frame_counts"].append(
                count_frame.count(
                    found,
                    core,
                    self.video,
                    model,
                    detector=self.detector,
                    detector_model=self.detector_model,
                    every=self.every,
                )
            )


def _first_of_ours(models_under_test: Sequence[ModelUnderTest]) -> Path:
    """Give the first model that is not one of others."""
    return next(one.classifier.path for one in models_under_test if not one.spec)


def throughput(
    block: dict[str, Any], threads: int, reached: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Work out a model's multiply-adds a second, from its latency with one thread.

    Args:
        block: of the model.
        threads: of its main figure.
        reached: the `peak` block of the results.
    """
    main = {"threads": threads, "resolver": "xnnpack", "latency": block["latency"]}
    for one in (main, *block["sweep"]):
        if one["threads"] == 1 and one["resolver"] == "xnnpack" and one["latency"]:
            p50 = one["latency"]["p50_us"]
            return peak_throughput.throughput(block["size"]["multiply_adds"], p50, reached)
    return None
