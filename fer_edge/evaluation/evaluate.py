"""One evaluation: models, labeled faces and suites in, an `Evaluation` out; resumable."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.protocol import LEFT_OUT
from device.errors import InputError
from device.model.classifier import Classifier
from fer_edge.data import evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation import calibration, corruptions, slices
from fer_edge.evaluation.document import (
    SCHEMA_VERSION,
    CorruptionResult,
    Data,
    Evaluation,
    ModelEvaluation,
    Robustness,
)

SUITES = ("robustness", "calibration", "slices")

Step = Callable[[str], None]
"""Called with a description before each step."""


@dataclass(frozen=True)
class Model:
    """A model to evaluate: its name as given, and the file."""

    name: str
    path: Path


def steps(models: Sequence[Model], suites: Sequence[str]) -> int:
    """Number of steps that `evaluate` reports for models of which nothing is known yet."""
    each = 1 + ("robustness" in suites) * len(corruptions.CORRUPTIONS)
    return each * len(models)


def evaluate(
    models: Sequence[Model],
    faces: Dataset,
    split: str,
    *,
    suites: Sequence[str] = SUITES,
    reference: str | None = None,
    leaked: NDArray[np.bool_] | None = None,
    seed: int = 0,
    known: Evaluation | None = None,
    save: Callable[[Evaluation], None] = lambda _: None,
    step: Step = lambda _: None,
) -> Evaluation:
    """Evaluate models; an interruption leaves the finished ones, marked partial, with `save`.

    Args:
        models: the models; all with labels that the faces have.
        faces: the labeled faces.
        split: name of their split.
        suites: which of `SUITES`.
        reference: name of the model that corruption errors are relative to; None for none.
        leaked: bool [n], whether a face stands in the training split, too; None if unknown.
        seed: RNG seed of the corruptions.
        known: an earlier, interrupted evaluation to go on with.
        save: called after each model with what is known by then.
        step: see `Step`.

    Raises:
        InputError: a model cannot be run, or the faces are labeled with other classes.
        KeyboardInterrupt: Ctrl-C; what was finished is saved.
    """
    about = Data(
        str(faces.provenance["name"]), faces.digest, split, len(faces), faces.synthetic, seed
    )
    ready = _reusable(known, about, suites)
    done: list[ModelEvaluation] = []

    def evaluation(*, partial: bool) -> Evaluation:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        found = _relative(done, reference)
        return Evaluation(SCHEMA_VERSION, created, about, reference, partial, found)

    for model in models:
        digest = hashlib.sha256(_read(model.path)).hexdigest()
        earlier = ready.get(digest)
        if earlier:
            done.append(replace(earlier, name=model.name, path=str(model.path)))
        else:
            done.append(_evaluate(model, digest, faces, suites, leaked, seed, step))
        save(evaluation(partial=len(done) < len(models)))
    return evaluation(partial=False)


def _read(path: Path) -> bytes:
    from device.model.content import read

    return read(path)


def _reusable(
    known: Evaluation | None, about: Data, suites: Sequence[str]
) -> dict[str, ModelEvaluation]:
    """The models of an earlier evaluation of the same faces and suites, by their digest."""
    if known is None or known.data != about:
        return {}
    return {
        model.sha256: model
        for model in known.models
        if all(getattr(model, suite) is not None for suite in suites)
    }


def _evaluate(
    model: Model,
    digest: str,
    faces: Dataset,
    suites: Sequence[str],
    leaked: NDArray[np.bool_] | None,
    seed: int,
    step: Step,
) -> ModelEvaluation:
    step(f"{model.name}: clean")
    classifier = Classifier(model.path)
    labels = evaluation_faces.labels_of(faces, classifier.labels)
    if labels is None:
        raise InputError(
            f"{model.name} names {', '.join(classifier.labels)}, and the faces are labeled "
            f"{', '.join(faces.label_names)}: give faces or a model with the same classes"
        )
    kept = labels != LEFT_OUT
    images, labels = faces.images[kept], labels[kept]
    if not len(labels):
        raise InputError(f"{model.name}: no face has a label of its classes")
    probabilities = accuracy.predict(classifier, images)
    names = list(classifier.labels)
    figures = accuracy.metrics(probabilities, labels, names)
    right = probabilities.argmax(axis=1) == labels
    return ModelEvaluation(
        name=model.name,
        path=str(model.path),
        sha256=digest,
        labels=names,
        n=len(labels),
        top1=figures["top1"],
        macro_f1=figures["macro_f1"],
        macro_recall=figures["macro_recall"],
        robustness=(
            _robustness(model.name, classifier, images, labels, float(right.mean()), seed, step)
            if "robustness" in suites
            else None
        ),
        calibration=(
            calibration.calibration(probabilities, labels) if "calibration" in suites else None
        ),
        slices=(
            slices.slices(
                images,
                right,
                labels,
                names,
                faces.votes[kept],
                None if leaked is None else leaked[kept],
            )
            if "slices" in suites
            else None
        ),
    )


def _robustness(
    name: str,
    classifier: Classifier,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    clean: float,
    seed: int,
    step: Step,
) -> Robustness:
    found = []
    for corruption in corruptions.CORRUPTIONS:
        step(f"{name}: {corruption.replace('_', ' ')}")
        top1 = []
        for severity in corruptions.SEVERITIES:
            corrupted = corruptions.corrupt(images, corruption, severity, seed=seed)
            answers = accuracy.predict(classifier, corrupted).argmax(axis=1)
            top1.append(float((answers == labels).mean()))
        found.append(CorruptionResult(corruption, top1, None))
    mean = float(np.mean([one.top1 for one in found]))
    return Robustness(clean, mean, None, found)


def _relative(models: Sequence[ModelEvaluation], reference: str | None) -> list[ModelEvaluation]:
    """Fill in the corruption errors relative to the reference, once it is measured."""
    base = next((m.robustness for m in models if m.name == reference and m.robustness), None)
    if base is None:
        return list(models)
    errors = {one.name: 1 - float(np.mean(one.top1)) for one in base.corruptions}

    def relative(one: CorruptionResult) -> CorruptionResult:
        error = errors[one.name]
        return replace(one, relative=(1 - float(np.mean(one.top1))) / error if error else None)

    found = []
    for model in models:
        if model.robustness is None:
            found.append(model)
            continue
        results = [relative(one) for one in model.robustness.corruptions]
        ratios = [one.relative for one in results if one.relative is not None]
        mce = 100 * float(np.mean(ratios)) if ratios else None
        robustness = replace(model.robustness, corruptions=results, mce=mce)
        found.append(replace(model, robustness=robustness))
    return found
