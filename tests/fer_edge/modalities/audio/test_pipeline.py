import json
from pathlib import Path

import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from device.modalities.audio.classifier import CONTEXT, SILENCE, STEP, AudioClassifier
from device.modalities.audio.features import BANDS, CENTER, SPREAD
from fer_edge.modalities.audio import recipe, recordings

from .conftest import TINY, TinyRun

pytestmark = pytest.mark.slow


def test_the_run_leaves_model_card_and_evaluation(tiny_run: TinyRun) -> None:
    card = json.loads((tiny_run.out / "audio_int8.card.json").read_text())
    assert card == tiny_run.card
    assert card["labels"] == ["happy", "sad"] and card["precision"] == "int8"
    assert card["bytes"] == (tiny_run.out / "audio_int8.tflite").stat().st_size < 300_000
    figures = card["metrics"]["accuracy"]
    assert figures["n"] == 18 and set(figures["speakers"]) == {"anna", "ben", "cem"}
    assert np.sum(figures["confusion"]) == 18
    evaluation = json.loads((tiny_run.out / "evaluation.json").read_text())
    assert sorted(name for fold in evaluation["folds"] for name in fold) == ["anna", "ben", "cem"]
    assert len(evaluation["recordings"]) == 18


def test_a_finished_run_trains_nothing_again(tiny_run: TinyRun, speech: Path) -> None:
    from fer_edge.modalities.audio import pipeline

    lines: list[str] = []
    chosen = recipe.load("audio", TINY)
    card = pipeline.run(recordings.read(speech), chosen, tiny_run.out, lines.append)
    assert card == tiny_run.card
    assert not any("epoch" in line for line in lines)


def test_another_recipe_does_not_continue_a_run(tiny_run: TinyRun, speech: Path) -> None:
    from fer_edge.modalities.audio import pipeline

    other = recipe.load("audio", (*TINY, "train.dropout=0.5"))
    with pytest.raises(InputError, match="another recipe, model or data"):
        pipeline.run(recordings.read(speech), other, tiny_run.out, lambda line: None)


def test_steps_of_the_export_equal_the_whole_utterance() -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.audio import export, net

    options = recipe.load("audio", TINY).net
    model = net.build(options, 3, dropout=0.2)
    frames = np.random.default_rng(0).normal(0, 1, (4 * STEP, BANDS)).astype(np.float32)
    batch, shares = net.pack([frames], len(frames))
    whole = (model(batch, training=False).numpy() * shares[:, :, np.newaxis]).sum(axis=1)
    step, state = export.step_function(model), np.zeros((1, options.units), np.float32)
    padded = np.concatenate([np.full((CONTEXT, BANDS), SILENCE, np.float32), frames])
    logits = []
    for first in range(0, len(frames), STEP):
        part = padded[np.newaxis, first : first + CONTEXT + STEP, :, np.newaxis]
        given = step(part, state)
        state = given["state"]
        logits.append(given["logits"].numpy())
    assert np.allclose(np.mean(logits, axis=0), whole, atol=1e-5)


def test_the_int8_file_answers_like_the_float_net(tiny_run: TinyRun, speech: Path) -> None:
    """However the frames arrive, and after other utterances."""
    model = AudioClassifier(tiny_run.out / "audio_int8.tflite")
    frames = recordings.read(speech).frames[0] * SPREAD + CENTER
    answers = []
    for size in (len(frames), 5, 1):
        model.reset()
        for first in range(0, len(frames), size):
            model.push(frames[first : first + size].astype(np.float32))
        model.finish()
        answers.append(model.probabilities())
    assert np.allclose(answers[0], answers[1]) and np.allclose(answers[0], answers[2])
    assert answers[0].sum() == pytest.approx(1)


def test_a_net_that_is_too_large_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.audio import export, net

    model = net.build(recipe.Net(embedding=512, filters=(8, 8, 64)), 2, dropout=0.0)
    calibration = [np.zeros((2 * STEP, BANDS), np.float32)]
    with pytest.raises(CheckFailedError, match=r"more than 300,000.*net\.filters"):
        export.to_tflite(model, tmp_path / "a.tflite", labels=("a", "b"), calibration=calibration)
    assert not list(tmp_path.iterdir())
