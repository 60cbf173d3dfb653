"""Evaluates models on labeled faces with selected suites; resumable."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import accuracy
from benchmarks.models.external import ExternalModel
from benchmarks.models.external_spec import Spec
from benchmarks.protocol import LEFT_OUT
from benchmarks.stats.proportion import wilson
from device.errors import InputError
from device.model.classifier import Classifier
from fer_edge.data import evaluation_faces
from fer_edge.data.dataset import Dataset
from fer_edge.evaluation import calibration, corruptions, mistakes, slices
from fer_edge.evaluation.robustness import relative_to, robustness
from fer_edge.evaluation.types import (
    SCHEMA_VERSION,
    Data,
    Evaluation,
    ModelEvaluation,
    NotScored,
)
from fer_edge.explanation.explain import Explanation

SUITES = ("robustness", "calibration", "slices", "explain")

Step = Callable[[str], None]
"""Called with a description before each step."""

Draw = Callable[[ModelEvaluation, list[Explanation]], None]
"""Called with a model and the saliency maps of its most confident mistakes."""


@dataclass(frozen=True)
class Model:
    """A model to evaluate: name as given, file, and the description of an external model."""

    name: str
    path: Path
    spec: Spec | None = None

    @property
    def description(self) -> str | None:
        """The description of an external model, as JSON; None for fer-edge models."""
        return json.dumps(self.spec.describe(), sort_keys=True) if self.spec else None

    def open(self) -> Classifier | ExternalModel:
        """Load the model.

        Raises:
            InputError: the model cannot be run, or does not match its description.
        """
        return ExternalModel(self.path, self.spec) if self.spec else Classifier(self.path)


def steps(models: Sequence[Model], suites: Sequence[str]) -> int:
    """Number of steps that `evaluate` reports for models without earlier results."""
    each = 1 + ("robustness" in suites) * len(corruptions.CORRUPTIONS)
    each += ("explain" in suites) * mistakes.COUNT
    return each * len(models)


def describe(faces: Dataset, split: str, seed: int) -> Data:
    """The description of the faces for the evaluation."""
    name = str(faces.provenance["name"])
    return Data(name, faces.digest, split, len(faces), faces.synthetic, seed)


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
    draw: Draw = lambda *_: None,
) -> Evaluation:
    """Evaluate models; after an interruption the finished ones are saved, marked as partial.

    Args:
        models: models, with labels that the faces have.
        faces: labeled faces.
        split: name of the split of the faces.
        suites: names from `SUITES`.
        reference: name of the model that corruption errors are relative to, or `paper`; None: no
            reference.
        leaked: whether each face also occurs in the training split, bool [n]; None if unknown.
        seed: RNG seed of the corruptions.
        known: earlier evaluation to continue; only missing results are measured.
        save: called after each model with the results so far.
        step: see `Step`.
        draw: see `Draw`.

    Raises:
        InputError: a model cannot be run, or the faces are labeled with other classes.
        KeyboardInterrupt: Ctrl-C was pressed; finished results are saved.
    """
    about = describe(faces, split, seed)
    ready = _reusable(known, about)
    done: list[ModelEvaluation] = []
    sizes = cache(lambda: slices.face_sizes(faces.images))

    def evaluation(*, partial: bool) -> Evaluation:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        found = relative_to(reference, done, about)
        return Evaluation(SCHEMA_VERSION, created, about, reference, partial, found)

    for model in models:
        digest = hashlib.sha256(_read(model.path)).hexdigest()
        earlier = ready.get((digest, model.description))
        missing = [suite for suite in suites if getattr(earlier, suite, None) is None]
        if earlier and not missing:
            done.append(replace(earlier, name=model.name, path=str(model.path)))
        else:
            found, maps = _evaluate(model, digest, faces, missing, leaked, sizes, seed, step)
            if earlier:
                kept = {suite: getattr(earlier, suite) for suite in SUITES if suite not in missing}
                found = replace(found, **kept)
            done.append(found)
            if maps:
                draw(found, maps)
        save(evaluation(partial=len(done) < len(models)))
    return evaluation(partial=False)


def _read(path: Path) -> bytes:
    from device.model.content import read

    return read(path)


def _reusable(
    known: Evaluation | None, about: Data
) -> dict[tuple[str, str | None], ModelEvaluation]:
    """The models of an earlier evaluation of the same faces, by digest and description."""
    if known is None or known.data != about:
        return {}
    return {(model.sha256, model.description): _with_interval(model) for model in known.models}


def _with_interval(model: ModelEvaluation) -> ModelEvaluation:
    """Add the interval that evaluations of schema 1.1 and older lack; they knew no persons."""
    if model.top1_ci95 is not None:
        return model
    return replace(model, top1_ci95=list(wilson(round(model.top1 * model.n), model.n)))


def _evaluate(
    model: Model,
    digest: str,
    faces: Dataset,
    suites: Sequence[str],
    leaked: NDArray[np.bool_] | None,
    sizes: Callable[[], NDArray[np.float64]],
    seed: int,
    step: Step,
) -> tuple[ModelEvaluation, list[Explanation]]:
    step(f"{model.name}: clean")
    classifier = model.open()
    labels = evaluation_faces.labels_of(faces, classifier.labels)
    if labels is None:
        raise InputError(
            f"{model.name} predicts {', '.join(classifier.labels)}, and the faces are labeled "
            f"{', '.join(faces.label_names)}: use data and a model with the same classes"
        )
    kept = labels != LEFT_OUT
    images, labels = faces.images[kept], labels[kept]
    if not len(labels):
        raise InputError(f"{model.name}: no face has a label of its classes")
    probabilities = accuracy.predict(classifier, images)
    names = list(classifier.labels)
    figures = accuracy.metrics(probabilities, labels, names)
    right = probabilities.argmax(axis=1) == labels
    subjects = faces.subjects[kept] if (faces.subjects != "").any() else None
    present = np.unique(labels)
    maps: list[Explanation] = []
    if "explain" in suites:
        maps = mistakes.explain_mistakes(
            classifier, probabilities, images, labels, faces.rows[kept], seed, model.name, step
        )
    found = ModelEvaluation(
        name=model.name,
        path=str(model.path),
        sha256=digest,
        labels=names,
        n=len(labels),
        top1=figures["top1"],
        macro_f1=figures["macro_f1"],
        macro_recall=figures["macro_recall"],
        robustness=(
            robustness(model.name, classifier, images, labels, faces.rows[kept], right, seed, step)
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
                sizes()[kept],
                {name: values[kept] for name, values in faces.attributes.items()},
                subjects,
            )
            if "slices" in suites
            else None
        ),
        explain=mistakes.summarize(maps, names) if "explain" in suites else None,
        top1_ci95=slices.interval(right, subjects),
        subjects=None if subjects is None else len(np.unique(subjects)),
        not_scored=_not_scored(faces, kept),
        without_images=[name for i, name in enumerate(names) if i not in present],
        description=model.description,
    )
    return found, maps


def _not_scored(faces: Dataset, kept: NDArray[np.bool_]) -> list[NotScored]:
    """The classes of a mapped set whose images are excluded because the model lacks them."""
    if not evaluation_faces.mapped(faces):
        return []
    counts = np.bincount(faces.labels[~kept & (faces.labels >= 0)], minlength=1)
    return [NotScored(faces.label_names[i], int(n)) for i, n in enumerate(counts) if n]
