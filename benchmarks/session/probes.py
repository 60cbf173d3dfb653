"""Optional probes of a session: cold starts, operators, peak, instructions, camera frames.

Each has its own module; this one runs those that are enabled in the settings.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks import progress
from benchmarks.config import BenchmarkConfig
from benchmarks.counting import cores, kit
from benchmarks.counting import frame as count_frame
from benchmarks.counting.count import InstructionCounter
from benchmarks.models.model import ModelUnderTest
from benchmarks.probes import camera_frame, cold_start, peak_throughput
from benchmarks.probes import operators as operator_profile

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult, Peak, Results, Throughput


def measure(
    config: BenchmarkConfig,
    models_under_test: Sequence[ModelUnderTest],
    images: NDArray[np.uint8],
    written: "Results",
) -> None:
    """Run the probes and fill in their blocks of the results.

    Camera frames are measured with the first model that is not external, because the preprocessing
    of an external model in its application is not known.

    Args:
        config: settings of the session.
        models_under_test: loaded models, in the order of their blocks.
        images: uint8 [n, 48, 48], gray 0..255.
        written: results, changed in place.

    Raises:
        InputError: a model or the video cannot be used.
    """
    threads, blocks = config.threads[0], written["models"]
    pairs = list(zip(models_under_test, blocks, strict=True))
    if config.peak:
        written["peak"] = peak_throughput.measure()
    if config.cold:
        for one, block in progress.track(pairs, "cold starts", len(pairs)):
            block["cold"] = cold_start.measure(
                one.classifier.path,
                threads=threads,
                n=config.cold,
                seed=config.seed,
                peer=one.spec,
            )
    if config.profile:
        for one, block in progress.track(pairs, "operators", len(pairs)):
            block["operators"] = operator_profile.operators(
                one.classifier.path, images=images, seed=config.seed
            )
    if config.count:
        _count(config, pairs, written)
    if config.video is not None and config.timed:
        written["frame"] = camera_frame.measure(
            config.video,
            _first_own(models_under_test),
            detector=config.detector,
            detector_model=config.detector_model,
            frames=config.frames,
            threads=threads,
        )


def _count(
    config: BenchmarkConfig,
    pairs: Sequence[tuple[ModelUnderTest, "ModelResult"]],
    written: "Results",
) -> None:
    """Count the instructions of the models, and of camera frames if there is a video."""
    found, emulated = kit.find(), cores.select(config.count)
    counter = InstructionCounter(found)
    wanted = [(*pair, core) for pair in pairs for core in emulated]
    for one, block, core in progress.track(wanted, "instructions", len(wanted)):
        block["counts"].append(counter.model(one.classifier.path, core))
    if config.video is None:
        return
    model = _first_own([one for one, _ in pairs])
    for core in progress.track(emulated, "instructions of a frame", len(emulated)):
        written["frame_counts"].append(
            count_frame.count(
                found,
                core,
                config.video,
                model,
                detector=config.detector,
                detector_model=config.detector_model,
                every=config.every,
            )
        )


def _first_own(models_under_test: Sequence[ModelUnderTest]) -> Path:
    """Return the file of the first model that is not external."""
    return next(one.classifier.path for one in models_under_test if not one.spec)


def throughput(block: "ModelResult", threads: int, reached: "Peak | None") -> "Throughput | None":
    """Compute a model's multiply-adds per second from its latency with one thread.

    Args:
        block: block of the model.
        threads: number of threads of its main figure.
        reached: the `peak` block of the results.

    Returns:
        None if there is no latency with one thread.
    """
    single = [
        one["latency"]
        for one in block["sweep"]
        if one["threads"] == 1 and one["resolver"] == "xnnpack"
    ]
    for latency in (block["latency"] if threads == 1 else None, *single):
        if latency:
            p50 = latency["p50_us"]
            return peak_throughput.throughput(block["size"]["multiply_adds"], p50, reached)
    return None
