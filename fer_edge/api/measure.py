"""Benchmarks from Python."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fer_edge import zoo


@dataclass(frozen=True)
class Latency:
    """Latency of one classification: set the input, invoke, read the probabilities.

    Attributes:
        p50_us: median, in microseconds.
        p90_us: 90th percentile, in microseconds.
        p99_us: 99th percentile, in microseconds.
        ratio: median relative to the first model's, from interleaved rounds.
    """

    p50_us: float
    p90_us: float
    p99_us: float
    ratio: float


@dataclass(frozen=True)
class Accuracy:
    """Accuracy on the labeled faces; fractions of 1.

    Attributes:
        n: number of faces.
        top1: top-1.
        top1_ci95: its 95 % Wilson interval.
        macro_f1: macro-F1 over the classes that have faces.
        ece: expected calibration error, 15 bins.
    """

    n: int
    top1: float
    top1_ci95: tuple[float, float]
    macro_f1: float
    ece: float


@dataclass(frozen=True)
class BenchmarkedModel:
    """What was measured of one model.

    Attributes:
        name: name of the model in the results.
        path: the file.
        bytes: size of the file.
        multiply_adds: number of multiply-adds of one classification; None if not known.
        accuracy: accuracy on the faces.
        latency: latency in this process.
    """

    name: str
    path: Path
    bytes: int
    multiply_adds: int | None
    accuracy: Accuracy
    latency: Latency


@dataclass(frozen=True)
class BenchmarkRun:
    """A finished benchmark.

    Attributes:
        models: one entry for each model, in the order given.
        results: the `results.json` that was written.
        report: the Markdown report beside it.
        partial: whether Ctrl-C ended it early.
    """

    models: list[BenchmarkedModel]
    results: Path
    report: Path
    partial: bool


def benchmark(
    models: Sequence[str | os.PathLike[str]] = ("zoo:base",),
    data: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    split: str | None = None,
    rounds: int = 100,
    threads: int = 1,
    sample: int | None = None,
) -> BenchmarkRun:
    """Measure accuracy, size and interleaved latency of models; write results and report.

    Args:
        models: paths of `.tflite` files or `zoo:NAME`; latencies are relative to the first.
        data: `.npz` of `fer-edge data prepare`; generated faces if None, which say nothing about
            accuracy on people.
        out: folder for `results.json` and the report; `runs/bench-TIME` if None.
        split: split of the data; "val", or "test" of generated faces, if None.
        rounds: number of rounds in which the models take turns.
        threads: number of kernel threads.
        sample: number of faces, drawn at random; all if None.

    Raises:
        InputError: wrong model, data or option, or `out` holds a result already.

    Example:
        >>> import fer_edge
        >>> done = fer_edge.benchmark(["zoo:nano", "zoo:base"], "fer2013.npz")  # doctest: +SKIP
        >>> [model.latency.ratio for model in done.models]  # doctest: +SKIP
        [1.0, 3.4]
    """
    import benchmarks
    from benchmarks import report
    from device.labels import FERPLUS
    from fer_edge.data import evaluation_faces
    from fer_edge.data.output import refuse_existing

    folder = Path(out) if out else Path("runs") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    refuse_existing(folder / "results.json", force=False)
    path = None if data is None else Path(data)
    split = split or ("test" if path is None else "val")
    faces = evaluation_faces.sample(evaluation_faces.load(path, split), sample)
    results = benchmarks.run(
        [zoo.resolve(os.fspath(model)) for model in models],
        faces.images,
        evaluation_faces.labels_by_head(faces),
        leaked=evaluation_faces.leaked(path, faces, split) if path else None,
        data={
            "name": faces.provenance["name"],
            "digest": faces.digest,
            "synthetic": faces.synthetic,
            "split": split,
        },
        out=folder,
        config=benchmarks.BenchmarkConfig(rounds=rounds, threads=(threads,)),
        label_names={"fer2013": faces.label_names, "ferplus": FERPLUS},
    )
    written = report.write(results, folder)
    found = [_model(block) for block in results["models"]]
    return BenchmarkRun(found, folder / "results.json", written, results["partial"])


def _model(block: dict[str, Any]) -> BenchmarkedModel:
    accuracy, latency = block["accuracy"], block["latency"]
    low, high = accuracy["top1_ci95"]
    return BenchmarkedModel(
        block["name"],
        Path(block["path"]),
        block["size"]["bytes"],
        block["size"]["multiply_adds"],
        Accuracy(
            accuracy["n"], accuracy["top1"], (low, high), accuracy["macro_f1"], accuracy["ece"]
        ),
        Latency(latency["p50_us"], latency["p90_us"], latency["p99_us"], latency["ratio_to_first"]),
    )
