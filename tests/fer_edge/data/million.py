"""Generated images by the million: streamed from shards against the same ones in memory.

Prints images a second and peak memory of both input pipelines, each in a process of its own, and
fails if the stream is more than 10 % slower or its memory grows in the course of an epoch.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge import recipe
from fer_edge.data import synthetic
from fer_edge.data.dataset import Dataset
from fer_edge.data.shards import index, write
from fer_edge.data.shards.source import CHUNK
from fer_edge.pipeline.job import training_job
from fer_edge.pipeline.run import Run
from fer_edge.training import input_pipeline
from fer_edge.training.load_tensorflow import load_tensorflow

BATCH = 128
WARM_UP = 20
SLOWER = 0.10
GROWTH = 0.10


@dataclass(frozen=True)
class Repeated:
    """A small set whose training images are repeated, with other noise each time."""

    base: Dataset
    images: int
    leaks: None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.base.label_names

    def count(self, split: str) -> int:
        return self.images if split == "train" else len(self.base.only(split))

    def chunks(self, split: str) -> Iterator[Dataset]:
        part = self.base.only(split)
        if split != "train":
            yield part
            return
        for number, start in enumerate(range(0, self.images, CHUNK)):
            random = np.random.default_rng(number)
            rows = random.integers(0, len(part), min(CHUNK, self.images - start))
            noise = random.integers(-20, 21, (len(rows), 48, 48), np.int16)
            images = np.clip(part.images[rows] + noise, 0, 255).astype(np.uint8)
            yield replace(part.take(rows), images=images)

    def provenance(self) -> dict[str, Any]:
        return {"name": "million", "synthetic": True}


def measure(data: Path, *, stream: bool) -> dict[str, float]:
    """Images a second and peak memory of an epoch of the input pipeline."""
    load_tensorflow()
    changes = [f"train.batch={BATCH}", "augment.rotation=15"]
    if not stream:
        changes.append(f"data.limit={index.read(data).images(leaked=False) - 1}")
    run = Run(recipe.load("demo", changes), data, data / "none")
    job, _ = training_job(run, run.recipe.train, data / "none")
    made = input_pipeline.training(
        job.train,
        seed=1,
        epochs=range(1),
        augment=job.augment,
        normalization=job.normalization,
    )
    (batches,) = made
    early = started = used = 0.0
    for step, _ in enumerate(batches):
        if step == WARM_UP:
            started, used = time.monotonic(), time.process_time()
        if step == job.train.steps // 10:
            early = peak()
    seconds, used = time.monotonic() - started, time.process_time() - used
    images = (job.train.steps - WARM_UP - 1) * BATCH
    return {
        "images_per_second": images / seconds,
        "cpu_us_per_image": 1e6 * used / images,
        "early_mib": early,
        "peak_mib": peak(),
    }


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(data: Path, kind: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", kind, "--data", str(data)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{kind}: " + ", ".join(f"{name} {value:,.0f}" for name, value in found.items()))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=("stream", "memory"))
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.data, stream=given.measure == "stream")))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "shards"
        load_tensorflow()
        started = time.monotonic()
        write.write(Repeated(synthetic.generate(100, seed=1), given.images), data)
        size = sum(file.stat().st_size for file in data.iterdir()) / 2**20
        seconds = time.monotonic() - started
        print(f"{given.images:,} images written in {seconds:,.0f} s, {size:,.0f} MiB", flush=True)
        ratios, growth = [], 0.0
        kinds = ["stream", "memory"]
        for _ in range(given.rounds):
            found = {kind: measured(data, kind) for kind in kinds}
            kinds.reverse()  # a machine that slows down in the course of a round favors neither
            stream, memory = found["stream"], found["memory"]
            ratios.append(stream["images_per_second"] / memory["images_per_second"])
            growth = max(growth, stream["peak_mib"] / stream["early_mib"] - 1)
    ratio = float(np.median(ratios))
    rounds = ", ".join(f"{value:.2f}" for value in ratios)
    print(f"the stream has {ratio:.2f} of the speed ({rounds})")
    print(f"its memory grew by {100 * growth:.1f} %")
    return 0 if ratio >= 1 - SLOWER and growth <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
