"""The suite `robustness`: top-1 under corruptions, and errors relative to a reference."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.models.external import ExternalModel
from device.labels import FER2013
from device.model.classifier import Classifier
from fer_edge.evaluation import corruptions
from fer_edge.evaluation.types import (
    CorruptionResult,
    Data,
    ModelEvaluation,
    Robustness,
    WorstImage,
)

PAPER = "paper"
"""Name of the reference whose errors are part of the package: the recipe `paper`."""

PAPER_ERRORS = Path(__file__).parent / "paper_errors.json"
"""Its mean error under each corruption, by split; written by `release.figures.paper_errors`."""

WORST = 10


def robustness(
    name: str,
    classifier: Classifier | ExternalModel,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    rows: NDArray[np.integer],
    right: NDArray[np.bool_],
    seed: int,
    step: Callable[[str], None],
) -> Robustness:
    """Measure a model under every corruption and severity.

    Args:
        name: name of the model.
        classifier: the model.
        images: faces, uint8 [n, 48, 48].
        labels: correct classes, integers [n].
        rows: rows of the images in their data set, integers [n].
        right: whether the prediction for the unchanged image is correct, bool [n].
        seed: RNG seed of the corruptions.
        step: called with a description before each corruption.
    """
    found, wrong = [], []
    for corruption in corruptions.CORRUPTIONS:
        step(f"{name}: {corruption.replace('_', ' ')}")
        top1 = []
        for severity in corruptions.SEVERITIES:
            corrupted = corruptions.corrupt(images, corruption, severity, seed=seed)
            probabilities = accuracy.predict(classifier, corrupted)
            answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
            top1.append(float((answers == labels).mean()))
            lost = np.flatnonzero(right & (answers != labels))
            wrong += [
                WorstImage(
                    int(rows[i]),
                    int(i),
                    corruption,
                    severity,
                    classifier.labels[labels[i]],
                    classifier.labels[answers[i]],
                    float(confidence[i]),
                )
                for i in lost[np.argsort(-confidence[lost], kind="stable")[:WORST]]
            ]
        found.append(CorruptionResult(corruption, top1, None))
    mean = float(np.mean([one.top1 for one in found]))
    return Robustness(float(right.mean()), mean, None, found, _worst(wrong))


def _worst(wrong: Sequence[WorstImage]) -> list[WorstImage]:
    """The most confident ones, each of another face and under another corruption."""
    chosen: list[WorstImage] = []
    for one in sorted(wrong, key=lambda one: (-one.confidence, one.severity)):
        if all(one.row != c.row and one.corruption != c.corruption for c in chosen):
            chosen.append(one)
    return chosen[:WORST]


def paper_errors(data: Data) -> Mapping[str, float] | None:
    """Mean error of the recipe `paper` under each corruption of these faces; None if unknown."""
    if not PAPER_ERRORS.exists():
        return None
    content = json.loads(PAPER_ERRORS.read_text(encoding="utf-8"))
    for split in content["splits"]:
        if (split["data_digest"], split["seed"]) == (data.digest, data.seed):
            errors: dict[str, float] = split["errors"]
            return errors
    return None


def relative_to(
    reference: str | None, models: Sequence[ModelEvaluation], data: Data
) -> list[ModelEvaluation]:
    """Fill in the corruption errors relative to the reference, once it is measured.

    Models with other labels than the reference are not comparable and get none.

    Args:
        reference: name of one of the models, or `PAPER`; None: no reference.
        models: the models.
        data: faces on which they were measured.
    """
    base = next((m for m in models if m.name == reference and m.robustness), None)
    if base is not None and base.robustness is not None:
        labels = base.labels
        errors: Mapping[str, float] | None = {
            one.name: 1 - float(np.mean(one.top1)) for one in base.robustness.corruptions
        }
    else:
        labels, errors = list(FER2013), paper_errors(data) if reference == PAPER else None
    return [
        replace(
            model,
            robustness=_relative(model.robustness, errors if model.labels == labels else None),
        )
        if model.robustness
        else model
        for model in models
    ]


def _relative(found: Robustness, errors: Mapping[str, float] | None) -> Robustness:
    def ratio(one: CorruptionResult) -> float | None:
        error = (errors or {}).get(one.name)
        return (1 - float(np.mean(one.top1))) / error if error else None

    results = [replace(one, relative=ratio(one)) for one in found.corruptions]
    ratios = [one.relative for one in results if one.relative is not None]
    mce = 100 * float(np.mean(ratios)) if ratios else None
    return replace(found, corruptions=results, mce=mce)
