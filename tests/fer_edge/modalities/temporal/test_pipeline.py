import json

import numpy as np
import pytest

from device.errors import CheckFailedError, InputError
from device.model.classifier import Classifier
from device.tracking.temporal import GAP, TemporalModel, features
from fer_edge import zoo
from fer_edge.modalities.temporal import recipe
from fer_edge.modalities.temporal.sequences import TemporalData, load

from .conftest import TINY, TinyRun

pytestmark = pytest.mark.slow


def test_the_run_leaves_model_card_and_comparison(tiny_run: TinyRun) -> None:
    card = json.loads((tiny_run.out / "temporal_int8.card.json").read_text())
    assert card == tiny_run.card
    assert card["modality"] == "temporal" and card["labels"][0] == "angry"
    assert card["bytes"] == (tiny_run.out / "temporal_int8.tflite").stat().st_size < 50_000
    assert card["data"]["synthetic"] is True and card["data"]["sequences"]["drawn"] == 2
    assert card["data"]["classifier"]["file"] == "fer2013_int8.tflite"
    evaluation = json.loads((tiny_run.out / "evaluation.json").read_text())
    assert set(evaluation["methods"]) == {"none", "default", "smoothing", "head"}
    assert evaluation["methods"]["head"]["accuracy"]["n"] == 4 * 12
    low, high = evaluation["head_minus"]["smoothing"]["top1"]["ci95"]
    assert low <= evaluation["head_minus"]["smoothing"]["top1"]["mean"] <= high


def test_a_finished_run_classifies_and_trains_nothing_again(
    tiny_run: TinyRun, data: TemporalData, nano: Classifier
) -> None:
    from fer_edge.modalities.temporal import pipeline

    lines: list[str] = []
    card = pipeline.run(data, nano, recipe.load("temporal", TINY), tiny_run.out, lines.append)
    assert card == tiny_run.card
    assert not any("epoch" in line or "classified" in line for line in lines)


def test_another_model_does_not_continue_a_run(tiny_run: TinyRun, data: TemporalData) -> None:
    from fer_edge.modalities.temporal import pipeline

    other = Classifier(zoo.resolve("zoo:small"))
    with pytest.raises(InputError, match="another recipe, model or data"):
        pipeline.run(data, other, recipe.load("temporal", TINY), tiny_run.out, lambda line: None)


def test_steps_of_the_export_equal_the_whole_sequence() -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.temporal import export, net

    model = net.build(recipe.Net(units=6), 3)
    values = np.random.default_rng(0).normal(0, 1, (1, 9, 4)).astype(np.float32)
    whole = model(values, training=False).numpy()[0]
    step, state = export.step_function(model), np.zeros((1, 6), np.float32)
    for row, frame in enumerate(values[0][:, np.newaxis]):
        given = step(frame, state)
        state = given["state"]
        assert np.allclose(given["logits"].numpy()[0], whole[row], atol=1e-5)


def test_tracks_have_states_of_their_own_and_a_gap_starts_anew(tiny_run: TinyRun) -> None:
    model = TemporalModel(tiny_run.out / "temporal_int8.tflite")
    answers = load(tiny_run.out / "sequences" / "test.npz").probabilities[0]
    alone = model.start()
    expected = [alone.update(answer, number / 15) for number, answer in enumerate(answers)]
    one, other = model.start(), model.start()
    for number, answer in enumerate(answers):
        other.update(np.roll(answer, 1), number / 15)
        found = one.update(answer, number / 15)
        assert np.array_equal(found, expected[number])
        assert found.sum() == pytest.approx(1, abs=1e-5) and found.min() >= 0
    again = one.update(answers[0], len(answers) / 15 + GAP + 0.01)
    assert np.array_equal(again, expected[0])


def test_the_int8_file_answers_like_the_float_net(tiny_run: TinyRun) -> None:
    from fer_edge.modalities.temporal import evaluate, export, net

    test = load(tiny_run.out / "sequences" / "test.npz")
    model = net.build(recipe.Net(units=12), 7)
    path = tiny_run.out / "again.tflite"
    values = features(test.probabilities, test.elapsed)
    export.to_tflite(model, path, labels=tiny_run.card["labels"], calibration=values)
    logits = model(values, training=False).numpy()
    whole = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    assert np.abs(evaluate.head(path, test) - whole).max() < 0.05


def test_units_that_cannot_be_told_from_the_labels_are_refused(tmp_path) -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.temporal import export, net

    for units in (7, 8):
        model = net.build(recipe.Net(units=units), 7)
        with pytest.raises(InputError, match=r"net\.units"):
            export.to_tflite(
                model, tmp_path / "a.tflite", labels=list("abcdefg"), calibration=np.empty(0)
            )


def test_a_net_that_is_too_large_is_refused(tmp_path) -> None:
    pytest.importorskip("tf_keras", reason="no TensorFlow")
    from fer_edge.modalities.temporal import export, net

    model = net.build(recipe.Net(units=128), 2)
    with pytest.raises(CheckFailedError, match=r"more than 50,000.*net\.units"):
        export.to_tflite(
            model,
            tmp_path / "a.tflite",
            labels=("a", "b"),
            calibration=np.zeros((1, 2, 3), np.float32),
        )
    assert not list(tmp_path.iterdir())
