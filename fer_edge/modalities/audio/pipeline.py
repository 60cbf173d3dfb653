"""Pipeline of the speech model: cross-validate, train, quantize, write the card."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.modalities.audio.classifier import CONTEXT, STEP
from device.modalities.audio.features import BANDS, HOP, RATE
from device.model.stateful import softmax
from device.system.atomic_file import replacing
from device.system.exclusive_folder import exclusive
from fer_edge.evaluation import decision
from fer_edge.modalities import card
from fer_edge.modalities.audio import evaluate, export, splits
from fer_edge.modalities.audio import train as training
from fer_edge.modalities.audio.recipe import AudioRecipe
from fer_edge.modalities.audio.recordings import Recordings
from fer_edge.modalities.run_folder import check_same

MODEL = "audio_int8.tflite"
EVALUATION = "evaluation.json"

Report = Callable[[str], None]


def run(data: Recordings, recipe: AudioRecipe, out: Path, report: Report) -> dict[str, Any]:
    """Cross-validate by speaker, then train the final model on all speakers.

    Each fold trains a model on the other speakers, converts it, and evaluates the int8 file on the
    held-out speakers. The final model is trained on all speakers, so no data are left to evaluate
    it: its card contains the figures of the folds. An interrupted run resumes with the next fold.

    Args:
        data: recordings.
        recipe: training recipe.
        out: run folder for the model, its card, `evaluation.json` and the folds.
        report: callback for progress lines.

    Returns:
        The card.

    Raises:
        InputError: there is only one speaker, or the folder belongs to another recipe or data set,
            or is in use.
    """
    folds = splits.by_speaker(data.speakers, recipe.validation.folds)
    with exclusive(out):
        check_same(out, recipe, digest=data.digest)
        logits = np.zeros((len(data.classes), len(data.labels)), np.float32)
        for number, fold in enumerate(folds, 1):
            title = f"fold {number}/{len(folds)}, held-out speakers {', '.join(fold.speakers)}"
            model = out / "folds" / f"{number}.tflite"
            if not model.exists():
                _train(data, fold.train, recipe, model, title, report)
            logits[fold.test] = evaluate.predict(model, [data.frames[i] for i in fold.test])
            right = logits[fold.test].argmax(axis=1) == data.classes[fold.test]
            report(f"{title}: top-1 {100 * right.mean():.1f} % of {len(right)}")
        probabilities = softmax(logits)
        measured = evaluate.figures(logits, data.classes, data.speakers, data.labels)
        _write(out / EVALUATION, _document(data, recipe, folds, measured, logits))
        if not (out / MODEL).exists():
            everything = np.arange(len(data.classes))
            _train(data, everything, recipe, out / MODEL, "all speakers", report)
        return card.write(
            out / MODEL,
            name=recipe.name,
            modality="audio",
            labels=data.labels,
            model_input={
                "dtype": "int8",
                "shape": [1, CONTEXT + STEP, BANDS, 1],
                "values": "scaled log-mel frames, see device.modalities.audio.features",
                "sample_rate": RATE,
                "step_seconds": STEP * HOP / RATE,
            },
            recipe=recipe.model_dump(mode="json"),
            data=data.about(),
            metrics={
                "accuracy": measured,
                "protocol": f"int8 files of {len(folds)} folds, on speakers that each never heard; "
                "this file was trained on all speakers",
            },
            decision={"fusion": decision.fusion(probabilities, data.classes)},
        )


def _train(
    data: Recordings,
    chosen: NDArray[np.int64],
    recipe: AudioRecipe,
    path: Path,
    title: str,
    report: Report,
) -> None:
    frames = [data.frames[index] for index in chosen]
    epochs = recipe.train.epochs
    every = max(1, epochs // 10)

    def epoch_done(epoch: int, loss: float) -> None:
        if epoch % every == 0 or epoch == epochs:
            report(f"{title}: epoch {epoch}/{epochs}, loss {loss:.3f}")

    model = training.train(recipe, frames, data.classes[chosen], len(data.labels), epoch_done)
    order = np.random.default_rng(recipe.seed).permutation(len(frames))
    export.to_tflite(
        model, path, labels=data.labels, calibration=[frames[index] for index in order]
    )


def _document(
    data: Recordings,
    recipe: AudioRecipe,
    folds: list[splits.Fold],
    measured: dict[str, Any],
    logits: NDArray[np.float32],
) -> dict[str, Any]:
    answers = logits.argmax(axis=1)
    return {
        "schema_version": "1.0",
        "data": data.about(),
        "labels": list(data.labels),
        "recipe": recipe.model_dump(mode="json"),
        "folds": [list(fold.speakers) for fold in folds],
        "accuracy": measured,
        "recordings": [
            {
                "name": name,
                "speaker": str(data.speakers[index]),
                "label": data.labels[data.classes[index]],
                "recognized": data.labels[answers[index]],
            }
            for index, name in enumerate(data.names)
        ],
    }


def _write(path: Path, values: dict[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(
            json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
