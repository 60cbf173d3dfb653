"""Benchmarks from Python."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from device.errors import InputError
from fer_edge import zoo

if TYPE_CHECKING:
    from benchmarks import BenchmarkConfig
    from benchmarks.remote import Job
    from benchmarks.results import types as results
    from benchmarks.results.types import ModelResult, Results

SPLITS = ("val", "test")
"""Splits on which a finished model may be evaluated."""


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
    """Accuracy on the labeled faces, as fractions of 1.

    Attributes:
        n: number of faces.
        top1: top-1.
        top1_ci95: 95 % interval of top-1: by persons where the data names them, else Wilson's.
        macro_f1: macro-F1 over the classes that occur in the faces.
        ece: expected calibration error, 15 bins.
    """

    n: int
    top1: float
    top1_ci95: tuple[float, float]
    macro_f1: float
    ece: float


@dataclass(frozen=True)
class BenchmarkedModel:
    """The measurements of one model.

    Attributes:
        name: name of the model in the results.
        path: the model file.
        bytes: size of the file.
        multiply_adds: number of multiply-adds per classification; None if unknown.
        accuracy: accuracy on the faces; None if Ctrl-C was pressed before it was measured.
        latency: latency in this process; None if Ctrl-C was pressed before the first full round.
    """

    name: str
    path: Path
    bytes: int
    multiply_adds: int | None
    accuracy: Accuracy | None
    latency: Latency | None


@dataclass(frozen=True)
class BenchmarkRun:
    """A finished benchmark.

    Attributes:
        models: one entry per model, in the order given.
        results: the `results.json` that was written.
        report: path of the Markdown report.
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
        data: `.npz` from `fer-edge data prepare`; if None, synthetic faces, on which accuracy does
            not apply to people.
        out: folder for `results.json` and the report; `runs/bench-TIME` if None.
        split: split of the data; if None, "val", or "test" for synthetic faces.
        rounds: number of rounds; each times every model, in random order.
        threads: number of kernel threads.
        sample: number of faces, drawn at random; all if None.

    Raises:
        InputError: invalid model, data or option, or `out` already holds a result.

    Examples:
        >>> import fer_edge
        >>> done = fer_edge.benchmark(["zoo:nano", "zoo:base"], "fer2013.npz")  # doctest: +SKIP
        >>> [model.latency.ratio for model in done.models]  # doctest: +SKIP
        [1.0, 3.4]
    """
    from benchmarks import BenchmarkConfig

    folder = new_folder(None if out is None else Path(out), force=False)
    job = compose(
        [os.fspath(model) for model in models],
        None if data is None else Path(data),
        split,
        sample,
        BenchmarkConfig(rounds=rounds, threads=(threads,)),
    )
    measured, written = run(job, folder)
    found = [_model(block) for block in measured["models"]]
    return BenchmarkRun(found, folder / "results.json", written, measured["partial"])


def new_folder(out: Path | None, *, force: bool) -> Path:
    """Return the folder for a result.

    Args:
        out: folder given by the user; `runs/bench-TIME` if None.
        force: whether a result in it may be replaced.

    Raises:
        InputError: the folder already holds a result.
    """
    from fer_edge.data.output import refuse_existing

    folder = out or Path("runs") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    refuse_existing(folder / "results.json", force=force)
    return folder


def compose(
    models: Sequence[str],
    data: Path | None,
    split: str | None,
    sample: int | None,
    config: "BenchmarkConfig",
) -> "Job":
    """Compose a benchmark, for the command line and for `benchmark`.

    Settings and models are checked before the data is loaded.

    Args:
        models: paths of `.tflite` files or `zoo:NAME`.
        data: `.npz` from `fer-edge data prepare`; synthetic faces if None.
        split: split of the data; if None, "val", or "test" for synthetic faces.
        sample: number of faces, drawn at random; all if None.
        config: settings of the session.

    Raises:
        InputError: invalid model, data or setting.
    """
    from benchmarks.remote import Job
    from device.labels import FERPLUS
    from fer_edge.data import evaluation_faces

    # PrivateTest is reserved for finished models: it is used only on request.
    split = split or ("test" if data is None else "val")
    if split not in SPLITS:
        raise InputError(f"split {split!r}: give {' or '.join(SPLITS)}")
    if sample is not None and sample < 1:
        raise InputError(f"sample is {sample}: give 1 or more")
    config.validate()
    paths = [zoo.resolve(model) for model in models]
    faces = evaluation_faces.sample(evaluation_faces.load(data, split), sample)
    return Job(
        paths,
        faces.images,
        evaluation_faces.labels_by_head(faces),
        evaluation_faces.leaked(data, faces, split) if data else None,
        {
            "name": faces.provenance["name"],
            "digest": faces.digest,
            "synthetic": faces.synthetic,
            "split": split,
        },
        config,
        {"fer2013": faces.label_names, "ferplus": FERPLUS},
        faces.subjects if (faces.subjects != "").any() else None,
    )


def run(job: "Job", folder: Path) -> "tuple[Results, Path]":
    """Run a benchmark in this process and write results and report.

    Args:
        job: benchmark to run.
        folder: folder for `results.json` and the report.

    Returns:
        The results and the path of the Markdown report.

    Raises:
        InputError: a model or a label does not match; see `benchmarks.run`.
    """
    from benchmarks import report

    measured = job.run(folder)
    return measured, report.write(measured, folder)


def _model(block: "ModelResult") -> BenchmarkedModel:
    return BenchmarkedModel(
        block["name"],
        Path(block["path"]),
        block["size"]["bytes"],
        block["size"]["multiply_adds"],
        _accuracy(block["accuracy"]),
        _latency(block["latency"]),
    )


def _accuracy(block: "results.Accuracy | None") -> Accuracy | None:
    if block is None:
        return None
    low, high = block["top1_ci95"]
    return Accuracy(block["n"], block["top1"], (low, high), block["macro_f1"], block["ece"])


def _latency(block: "results.Latency | None") -> Latency | None:
    if block is None:
        return None
    ratio = cast(float, block["ratio_to_first"])  # absent only in files of schema 1
    return Latency(block["p50_us"], block["p90_us"], block["p99_us"], ratio)
