"""Run one benchmark session: models and labeled faces in, `results.json` out."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import progress
from benchmarks.config import BenchmarkConfig
from benchmarks.machine import info as machine_info
from benchmarks.machine import interference
from benchmarks.machine.concurrent_runs import Presence
from benchmarks.metrics import accuracy
from benchmarks.models import model as model_under_test
from benchmarks.models import reference
from benchmarks.models.external_spec import Spec
from benchmarks.models.model import Setting
from benchmarks.protocol import LEFT_OUT
from benchmarks.results import file as results_file
from benchmarks.session import configurations, probes
from benchmarks.session.rounds import Timing
from device.errors import InputError
from device.geometry import FACE_SIZE
from device.labels import HEADS
from device.model import prior
from device.system.atomic_file import make_folder

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult, Results

RESULTS = "results.json"


def run(
    models: Sequence[Path],
    images: NDArray[np.uint8],
    labels: Mapping[str, NDArray[np.integer]],
    *,
    leaked: NDArray[np.bool_] | None,
    data: Mapping[str, Any],
    out: Path,
    config: BenchmarkConfig = BenchmarkConfig(),
    label_names: Mapping[str, Sequence[str]] = HEADS,
    subjects: NDArray[np.str_] | None = None,
) -> "Results":
    """Measure size, accuracy and latency of models with the same interpreter.

    Ctrl-C ends the run early: what was measured until then is written and returned, with `partial`
    set; the caller decides whether to stop. Partial results are also written before an exception
    propagates.

    Args:
        models: `.tflite` files; latencies are relative to the first.
        images: uint8 [n, 48, 48], gray 0..255, n > 0.
        labels: by head ("fer2013", "ferplus"), integers [n]; -1 for images that are left out. A
            model is measured on the head that has its labels.
        leaked: bool [n], whether an image is also in the training split; None if not known.
        data: `name`, `digest`, `synthetic` and `split` of the images.
        out: folder for `results.json`; an existing file is replaced.
        config: settings of the session.
        label_names: by head, the names of its classes.
        subjects: str [n], the person on each image, for intervals by persons; None if unknown.

    Returns:
        The results as written; see `benchmarks/schema/results.schema.json`.

    Raises:
        InputError: there is no model, or one is given twice, cannot be used, or has labels that the
            data lacks; there is no image, or images have another size; labels are out of range or
            not as many as images; a setting cannot be measured; `out` cannot be created.
    """
    _check(models, images, labels, label_names, leaked)
    config.validate()
    priors = [prior.weights(config.prior, 1.0, path) for path in models]
    threads = config.threads[0]
    settings = configurations.settings(
        config.threads, builtin=config.builtin, others=config.backends
    )
    with ExitStack() as closing:
        specs = _external_specs(models, config)
        models_under_test = model_under_test.load(models, labels, threads, specs, label_names)
        if config.video is not None and all(one.spec for one in models_under_test):
            raise InputError("camera frames need a model that is not external: give one")
        opened = []
        if config.timed:
            opened = configurations.open_all(models_under_test, settings, closing)
        make_folder(out)  # fail now if the results cannot be written
        about = ", ".join(path.name for path in models)
        presence = closing.enter_context(Presence(about))
        written = _blank(config, settings[0], data, images, leaked, models_under_test)
        if config.prior != prior.NONE:
            written["protocol"]["prior"] = config.prior
        timing = Timing(opened)
        try:
            if config.timed:
                _classify(models_under_test, images, leaked, subjects, priors, written["models"])
                timing.run(
                    images, count=config.rounds, per_round=config.per_round, seed=config.seed
                )
            probes.measure(config, models_under_test, images, written)
            written["partial"] = False
        except KeyboardInterrupt:
            pass  # keep what was measured; `partial` stays set
        finally:
            with _ignore_sigint():
                _finish(written, timing, presence, config.seed)
                results_file.save(written, out / RESULTS)
    return written


def _check(
    models: Sequence[Path],
    images: NDArray[np.uint8],
    labels: Mapping[str, NDArray[np.integer]],
    label_names: Mapping[str, Sequence[str]],
    leaked: NDArray[np.bool_] | None,
) -> None:
    if not models:
        raise InputError("no model to measure: give at least one .tflite file")
    if not len(images):
        raise InputError("no image to measure with: the split is empty")
    if images.shape[1:] != (FACE_SIZE, FACE_SIZE):
        height, width = images.shape[1:]
        raise InputError(f"the images are {width}x{height}: models take {FACE_SIZE}x{FACE_SIZE}")
    parts = labels if leaked is None else {**labels, "leaked": leaked}
    for name, values in parts.items():
        if len(values) != len(images):
            raise InputError(f"{len(values)} entries of {name} for {len(images)} images")
    for head, classes in labels.items():
        last = len(label_names[head]) - 1
        if classes.min() < LEFT_OUT or classes.max() > last:
            raise InputError(
                f"{head} labels are {classes.min()} to {classes.max()}: give 0 to {last}, or "
                f"{LEFT_OUT} for an image that is left out"
            )


def _external_specs(models: Sequence[Path], config: BenchmarkConfig) -> dict[Path, Spec]:
    """Read the descriptions of external models; nothing else in a session needs pydantic."""
    if not config.peers:
        return {}
    from benchmarks.models import external_file

    return external_file.assign(models, config.peers)


def _blank(
    config: BenchmarkConfig,
    main: Setting,
    data: Mapping[str, Any],
    images: NDArray[np.uint8],
    leaked: NDArray[np.bool_] | None,
    models_under_test: Sequence[model_under_test.ModelUnderTest],
) -> "Results":
    """Return results with the sizes and the machine, before anything else is measured."""
    return {
        "schema_version": "2.1",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "created_by": f"fer-edge {version('fer-edge')}",
        "partial": True,
        "machine": machine_info.describe(),
        "data": {
            "name": data["name"],
            "digest": data["digest"],
            "synthetic": data["synthetic"],
            "split": data["split"],
            "images": len(images),
            "leaked": None if leaked is None else int(leaked.sum()),
        },
        "protocol": {
            "threads": list(config.threads),
            "rounds": config.rounds,
            "per_round": config.per_round,
            "seed": config.seed,
            "timed": "set input, invoke, read probabilities",
            "backend": main.backend,
            "reference": reference.NAME,
        },
        "reference": {"name": reference.NAME, "sha256": reference.SHA256, "latency": None},
        "peak": None,
        "models": [one.describe() for one in models_under_test],
        "frame": None,
        "frame_counts": [],
    }


def _classify(
    models_under_test: Sequence[model_under_test.ModelUnderTest],
    images: NDArray[np.uint8],
    leaked: NDArray[np.bool_] | None,
    subjects: NDArray[np.str_] | None,
    priors: Sequence[NDArray[np.float32] | None],
    blocks: list["ModelResult"],
) -> None:
    """Fill in the accuracy of each model."""
    for one, weights, block in zip(models_under_test, priors, blocks, strict=True):
        faces = progress.track(images, f"accuracy of {one.name}", len(images))
        probabilities = accuracy.weighted(accuracy.predict(one.classifier, faces), weights)
        names = one.classifier.labels
        block["accuracy"] = accuracy.metrics(probabilities, one.labels, names, subjects)
        if leaked is not None and (one.labels[~leaked] != LEFT_OUT).any():
            block["accuracy_leak_free"] = accuracy.metrics(
                probabilities[~leaked],
                one.labels[~leaked],
                names,
                None if subjects is None else subjects[~leaked],
            )


def _finish(written: "Results", timing: Timing, presence: Presence, seed: int) -> None:
    """Fill in the state of the machine, the disturbances and the latencies."""
    place, blocks = written["machine"], written["models"]
    place["after"] = machine_info.state()
    cores = place["cores_allowed"]
    found = interference.marks(
        place["before"],
        place["after"],
        cores=cores,
        others=timing.others,
        preempted=timing.disturbed(cores, [block["name"] for block in blocks]),
        runs=presence.others(),
    )
    place["marks"] = found if timing.has_rounds else []  # marks concern latencies
    doubtful = interference.is_doubtful(place["marks"])
    written["reference"] = {
        "name": reference.NAME,
        "sha256": reference.SHA256,
        "latency": timing.summarize(blocks, cores, doubtful=doubtful, seed=seed),
    }
    for block in blocks:
        block["throughput"] = probes.throughput(
            block, written["protocol"]["threads"][0], written["peak"]
        )


@contextmanager
def _ignore_sigint() -> Iterator[None]:
    """Ignore SIGINT while writing: a second Ctrl-C must not lose partial results."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
