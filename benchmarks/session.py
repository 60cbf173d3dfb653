"""One measuring session: models and labelled faces in, `results.json` out."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import accuracy, latency, machine, results, subject
from device.errors import InputError
from device.files import make_folder
from device.interpreter import FACE_SIZE

TIMED = "set input, invoke, read probabilities"
RESULTS = "results.json"


def run(
    models: Sequence[Path],
    images: NDArray[np.uint8],
    labels: Mapping[str, NDArray[np.integer]],
    *,
    leaked: NDArray[np.bool_] | None,
    data: Mapping[str, Any],
    out: Path,
    rounds: int = 100,
    per_round: int = 10,
    threads: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure size, accuracy and latency of models with one and the same interpreter.

    Ctrl-C ends the run early: what was measured until then is written and returned, with
    `partial` set; it is the caller's to stop there.

    Args:
        models: `.tflite` files; the first is the one that latencies are compared with.
        images: uint8 [n, 48, 48], grey 0..255, n > 0.
        labels: per head ("fer2013", "ferplus") integers [n], -1 for images that are left out. A
            model is measured against the head whose labels it names.
        leaked: bool [n], images that also stand in the training split; None when nobody looked.
        data: `name`, `digest`, `synthetic` and `split` of the images.
        out: the folder that `results.json` is written to, in place of one that is there.
        rounds: in which the models are timed, interleaved.
        per_round: timed calls of each model in a round.
        threads: of the interpreter.
        seed: of the order in the rounds and of the bootstrap.

    Returns:
        What was written; see `benchmarks/schema/results.schema.json`.

    Raises:
        InputError: no model, a model that is given twice or cannot be used, or names labels that
            the data has none of; no image, or images of another size; a count below 1; `out`
            cannot be made.
    """
    _check(models, images, rounds=rounds, per_round=per_round, threads=threads)
    subjects = subject.load(models, labels, threads)
    make_folder(out)  # what cannot be written is better not measured first
    blocks = [one.describe() for one in subjects]
    written: dict[str, Any] = {
        "schema_version": results.SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "created_by": f"fer-edge {version('fer-edge')}",
        "partial": True,
        "machine": {**machine.facts(), "load_before": machine.load(), "load_after": None},
        "data": {
            **{key: data[key] for key in ("name", "digest", "synthetic", "split")},
            "images": len(images),
            "leaked": None if leaked is None else int(leaked.sum()),
        },
        "protocol": {
            "threads": threads,
            "rounds": rounds,
            "per_round": per_round,
            "seed": seed,
            "timed": TIMED,
        },
        "models": blocks,
    }
    times: list[NDArray[np.int64]] = []
    try:
        _classify(subjects, images, leaked, blocks)
        _time(subjects, images, times, count=rounds, per_round=per_round, seed=seed)
        written["partial"] = False
    except KeyboardInterrupt:
        pass  # the blocks keep what they have, and `partial` stays set
    if times:
        for i, block in enumerate(blocks):
            block["latency"] = latency.summary(np.stack(times), i, seed)
    written["machine"]["load_after"] = machine.load()
    results.save(written, out / RESULTS)
    return written


def _check(models: Sequence[Path], images: NDArray[np.uint8], **counts: int) -> None:
    if not models:
        raise InputError("no model to measure: give at least one .tflite file")
    if not len(images):
        raise InputError("no image to measure with: the split is empty")
    if images.shape[1:] != (FACE_SIZE, FACE_SIZE):
        height, width = images.shape[1:]
        raise InputError(f"the images are {width}x{height}: models take {FACE_SIZE}x{FACE_SIZE}")
    for name, count in counts.items():
        if count < 1:
            raise InputError(f"{name} is {count}: give 1 or more")


def _classify(
    subjects: Sequence[subject.Subject],
    images: NDArray[np.uint8],
    leaked: NDArray[np.bool_] | None,
    blocks: list[dict[str, Any]],
) -> None:
    """Fill in the accuracy of each model."""
    with _progress() as progress:
        for one, block in zip(subjects, blocks, strict=True):
            faces = progress.track(images, description=f"accuracy of {one.name}")
            probabilities = accuracy.predict(one.classifier, faces)
            names = one.classifier.labels
            block["accuracy"] = accuracy.metrics(probabilities, one.labels, names)
            if leaked is not None and (one.labels[~leaked] != accuracy.LEFT_OUT).any():
                block["accuracy_leak_free"] = accuracy.metrics(
                    probabilities[~leaked], one.labels[~leaked], names
                )


def _time(
    subjects: Sequence[subject.Subject],
    images: NDArray[np.uint8],
    times: list[NDArray[np.int64]],
    *,
    count: int,
    per_round: int,
    seed: int,
) -> None:
    """Append the times of each whole round to `times`."""
    classifiers = [one.classifier for one in subjects]
    # A bar that redraws itself from a thread of its own would be timed along: redraw by hand.
    with _progress(auto_refresh=False) as progress:
        task = progress.add_task("latency, models interleaved", total=count)
        for whole in latency.rounds(
            classifiers, images, count=count, per_round=per_round, seed=seed
        ):
            times.append(whole)
            progress.update(task, advance=1, refresh=True)


def _progress(auto_refresh: bool = True) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        auto_refresh=auto_refresh,
    )
