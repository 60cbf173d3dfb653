"""Pipeline of the temporal head: classify sequences, train, quantize, compare, write the card."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.model.classifier import Classifier
from device.system.atomic_file import make_folder, replacing
from device.system.exclusive_folder import exclusive
from device.tracking.temporal import GAP, features
from fer_edge.data.dataset import SPLITS
from fer_edge.modalities import card
from fer_edge.modalities.run_folder import check_same
from fer_edge.modalities.temporal import evaluate, export, sequences
from fer_edge.modalities.temporal import train as training
from fer_edge.modalities.temporal.recipe import TemporalRecipe
from fer_edge.modalities.temporal.sequences import Sequences, TemporalData

MODEL = "temporal_int8.tflite"
EVALUATION = "evaluation.json"
DEFAULT_SMOOTHING = 0.5
"""Time constant of `run` without options, which is compared, too."""

_PARTS = 10  # progress lines per split

Report = Callable[[str], None]


def run(
    data: TemporalData, classifier: Classifier, recipe: TemporalRecipe, out: Path, report: Report
) -> dict[str, Any]:
    """Train and quantize a head, and compare the file with smoothing on test.

    The epoch of the head and the time constant of smoothing are chosen on val. Test is evaluated
    once, with the exported file. An interrupted run resumes with the next split or stage.

    Args:
        data: tracks by split.
        classifier: model whose answers the head takes.
        recipe: training recipe.
        out: run folder for the model, its card, `evaluation.json` and the classified sequences.
        report: callback for progress lines.

    Returns:
        The card.

    Raises:
        InputError: the folder belongs to another recipe, model or data set, or is in use.
    """
    with exclusive(out):
        check_same(out, recipe, digest=data.digest, classifier=_about(classifier)["sha256"])
        make_folder(out / "sequences")
        train, val, test = (_classified(data, split, out, report) for split in SPLITS)
        if not (out / MODEL).exists():
            _train(train, val, classifier, recipe, out / MODEL, report)
        seconds = evaluate.best_time_constant(val)
        report(f"comparing on {len(test):,} sequences of test")
        evaluation = compare(test, classifier.labels, out / MODEL, seconds)
        with replacing(out / EVALUATION) as partial:
            partial.write_text(json.dumps(evaluation, indent=1) + "\n", encoding="utf-8")
        return card.write(
            out / MODEL,
            name=recipe.name,
            modality="temporal",
            labels=classifier.labels,
            model_input={
                "dtype": "int8",
                "shape": [1, len(classifier.labels) + 1],
                "values": "scaled log probabilities and elapsed time, see device.tracking.temporal",
                "gap_seconds": GAP,
            },
            recipe=recipe.model_dump(mode="json"),
            data=data.about | {"classifier": _about(classifier)},
            metrics={"accuracy": evaluation["methods"]["head"]["accuracy"], **evaluation},
            decision={},
        )


def _classified(data: TemporalData, split: str, out: Path, report: Report) -> Sequences:
    path = out / "sequences" / f"{split}.npz"
    if not path.exists():

        def progress(done: int, total: int) -> None:
            if done % max(1, total // _PARTS) == 0 or done == total:
                report(f"{split}: {done:,} of {total:,} sequences classified")

        sequences.save(path, data.classify(split, progress))
    return sequences.load(path)


def _train(
    train: Sequences,
    val: Sequences,
    classifier: Classifier,
    recipe: TemporalRecipe,
    path: Path,
    report: Report,
) -> None:
    epochs = recipe.train.epochs

    def epoch_done(epoch: int, loss: float, accuracy: float) -> None:
        if epoch % max(1, epochs // _PARTS) == 0 or epoch == epochs:
            report(f"epoch {epoch}/{epochs}, loss {loss:.3f}, val {100 * accuracy:.1f} %")

    model = training.train(recipe, train, val, epoch_done)
    chosen = np.random.default_rng(recipe.seed).permutation(len(train))
    calibration = features(train.probabilities[chosen], train.elapsed[chosen])
    export.to_tflite(model, path, labels=classifier.labels, calibration=calibration)


def compare(
    test: Sequences,
    labels: Sequence[str],
    model: Path,
    seconds: float,
    others: dict[str, NDArray[np.float32]] | None = None,
) -> dict[str, Any]:
    """Compare a head with smoothing on the same sequences.

    Args:
        test: sequences.
        labels: names of the classes.
        model: exported head.
        seconds: time constant of smoothing.
        others: probabilities of further methods by name, float32 [n, frames, labels].

    Returns:
        The content of `evaluation.json`; see `evaluate.compare` and `evaluate.difference`.
    """
    methods = {
        "none": evaluate.smoothed(test, 0.0),
        "default": evaluate.smoothed(test, DEFAULT_SMOOTHING),
        "smoothing": evaluate.smoothed(test, seconds),
        "head": evaluate.head(model, test),
    } | (others or {})
    return {
        "protocol": "int8 file and exponential smoothing on the same sequences of test; epoch and "
        "time constant chosen on val; intervals over sequences",
        "sequences": len(test),
        "time_constants": {"default": DEFAULT_SMOOTHING, "smoothing": seconds},
        "true_changes": evaluate.mean_changes(test),
        "methods": evaluate.compare(methods, test, labels),
        "head_minus": {
            name: evaluate.difference(methods["head"], found, test)
            for name, found in methods.items()
            if name != "head"
        },
    }


def _about(classifier: Classifier) -> dict[str, str]:
    content = classifier.path.read_bytes()
    return {"file": classifier.path.name, "sha256": hashlib.sha256(content).hexdigest()}
