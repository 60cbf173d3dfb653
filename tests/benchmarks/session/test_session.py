import gzip
import json
import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import benchmarks
from benchmarks.config import BenchmarkConfig
from benchmarks.metrics.accuracy import metrics, predict
from benchmarks.models import model as model_under_test
from benchmarks.results import file as results_file
from benchmarks.session import probes
from benchmarks.stats.bootstrap import cluster_interval
from device.errors import InputError
from device.labels import FER2013, HEADS
from device.model.classifier import Classifier

from ..conftest import with_labels

SCHEMA = json.loads(results_file.SCHEMA.read_text())


def run(models, images, labels, *, leaked, data, out, label_names=HEADS, **settings):
    config = BenchmarkConfig(**settings)
    return benchmarks.run(
        models,
        images,
        labels,
        leaked=leaked,
        data=data,
        out=out,
        config=config,
        label_names=label_names,
    )


@pytest.fixture(scope="module")
def measured(model_files, film, faces, labels, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    leaked = np.zeros(40, bool)
    leaked[:10] = True
    found = run(
        list(model_files.values()),
        faces,
        labels,
        leaked=leaked,
        data={"name": "noise", "digest": "ab" * 32, "synthetic": False, "split": "val"},
        rounds=3,
        per_round=2,
        threads=(1, 2),
        builtin=True,
        cold=1,
        peak=True,
        video=film,
        frames=5,
        out=out,
    )
    return found, out


@pytest.mark.slow
def test_results_follow_the_schema_and_are_written(measured):
    found, out = measured
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(found)
    assert results_file.load(out / "results.json") == found
    assert not found["partial"]


@pytest.mark.slow
def test_each_model_is_measured_against_the_labels_that_it_names(measured, labels):
    float32, int8, ferplus = measured[0]["models"]
    assert [float32["head"], int8["head"], ferplus["head"]] == ["fer2013", "fer2013", "ferplus"]
    assert float32["accuracy"]["n"] == 40
    assert ferplus["accuracy"]["n"] == (labels["ferplus"] >= 0).sum()
    assert float32["accuracy_leak_free"]["n"] == 30
    assert [float32["input_dtype"], int8["input_dtype"]] == ["float32", "int8"]


@pytest.mark.slow
def test_figures_are_those_of_the_files(measured, model_files, faces, labels):
    block = measured[0]["models"][1]
    content = model_files["int8"].read_bytes()
    assert block["size"]["bytes"] == len(content)
    assert block["size"]["bytes_gzip"] == len(gzip.compress(content, 9, mtime=0))
    classifier = Classifier(model_files["int8"])
    assert block["accuracy"] == metrics(predict(classifier, faces), labels["fer2013"], FER2013)
    assert block["latency"]["n"] == 6


@pytest.mark.slow
def test_the_reference_and_other_settings_are_timed_in_the_same_rounds(measured):
    found = measured[0]
    assert found["protocol"]["threads"] == [1, 2]
    reference = found["reference"]["latency"]
    assert reference["ratio_to_reference"] == 1
    for block in found["models"]:
        settings = [(one["backend"], one["resolver"], one["threads"]) for one in block["sweep"]]
        assert settings == [("litert", "xnnpack", 2), ("litert", "builtin", 1)]
        for latency in (block["latency"], *(one["latency"] for one in block["sweep"])):
            ratios = np.array(latency["round_medians_us"]) / reference["round_medians_us"]
            assert latency["ratio_to_reference"] == pytest.approx(np.median(ratios), rel=1e-3)
    assert found["models"][0]["latency"]["ratio_to_first"] == 1


@pytest.mark.slow
def test_what_else_is_asked_for_stands_beside_it(measured):
    found = measured[0]
    assert found["peak"]["multiply_adds_per_second"] > 0
    assert (found["frame"]["model"], found["frame"]["frames"]) == ("fer2013_float32.tflite", 5)
    for block in found["models"]:
        assert block["cold"]["n"] == 1
        reached = block["size"]["multiply_adds"] / block["latency"]["p50_us"] * 1e6
        assert block["throughput"]["multiply_adds_per_second"] == pytest.approx(reached)
        assert 0 < block["throughput"]["share_of_peak"] < 1
    assert [block["precision"] for block in found["models"]] == ["float32", "int8", "float32"]


@pytest.mark.slow
def test_a_model_of_others_stands_beside_ours(model_files, faces, labels, data, tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes(model_files["int8"].read_bytes())
    (tmp_path / "other.toml").write_text(
        f'name = "theirs 1.0"\nhead = "fer2013"\nlabels = {list(FER2013)}\n'
        "size = [48, 48]\nmean = 128\nstd = 128\n"
    )
    models = [model_files["int8"], other]
    peers = [tmp_path / "other.toml"]
    found = run(
        models, faces, labels, leaked=None, data=data, peers=peers, rounds=2, cold=1, out=tmp_path
    )
    ours, theirs = found["models"]
    assert theirs["name"] == "theirs-1.0"
    assert theirs["peer"]["size"] == [48, 48]
    assert ours["peer"] is None
    assert theirs["accuracy"] == ours["accuracy"]
    assert theirs["cold"]["n"] == 1
    Draft202012Validator(SCHEMA).validate(found)


@pytest.mark.slow
def test_another_order_of_the_labels_gives_the_same_accuracy(
    model_files, faces, labels, data, tmp_path
):
    """Labels in another order are renumbered, so the figures stay the same."""
    model = model_files["float32"].read_bytes()
    shuffled = tmp_path / "shuffled.tflite"
    shuffled.write_bytes(with_labels(model, tuple(sorted(FER2013))))
    found = run([shuffled], faces, labels, leaked=None, data=data, rounds=1, out=tmp_path)
    guesses = predict(Classifier(shuffled), faces).argmax(axis=1)
    names = np.array(sorted(FER2013))[guesses]
    right = (names == np.array(FER2013)[labels["fer2013"]]).mean()
    assert found["models"][0]["accuracy"]["top1"] == right
    assert found["models"][0]["accuracy_leak_free"] is None


class Interrupted(Classifier):
    """A model that raises KeyboardInterrupt at its n-th call."""

    calls_left = 0

    def __call__(self, face):
        type(self).calls_left -= 1
        if self.calls_left < 0:
            raise KeyboardInterrupt
        return super().__call__(face)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("calls", "accuracies", "rounds"),
    [(60, 1, None), (2 * 40 + 5, 2, None), (2 * 40 + 3 * 2 * 3 + 1, 2, 3)],
    ids=["in the second accuracy", "in the first round", "in the fourth round"],
)
def test_ctrl_c_keeps_what_was_measured(
    calls, accuracies, rounds, model_files, faces, labels, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(Interrupted, "calls_left", calls)
    monkeypatch.setattr(model_under_test, "Classifier", Interrupted)
    models = [model_files["float32"], model_files["int8"]]
    found = run(models, faces, labels, leaked=None, data=data, rounds=50, per_round=2, out=tmp_path)
    assert found["partial"]
    assert sum(model["accuracy"] is not None for model in found["models"]) == accuracies
    for model in found["models"]:
        assert (model["latency"] and model["latency"]["rounds"]) == rounds
    assert results_file.load(tmp_path / "results.json") == found
    Draft202012Validator(SCHEMA).validate(found)


def interrupt(*_, **__):
    raise KeyboardInterrupt


def break_down(*_, **__):
    raise InputError("the film tore")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["cold", "profile", "peak"])
def test_ctrl_c_after_the_rounds_keeps_them(
    what, model_files, faces, labels, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(probes.cold_start, "measure", interrupt)
    monkeypatch.setattr(probes.operator_profile, "operators", interrupt)
    monkeypatch.setattr(probes.peak_throughput, "measure", interrupt)
    found = run(
        [model_files["int8"]],
        faces,
        labels,
        leaked=None,
        data=data,
        rounds=2,
        out=tmp_path,
        **{what: 1},
    )
    assert found["partial"]
    assert found["models"][0]["latency"]["rounds"] == 2
    assert results_file.load(tmp_path / "results.json") == found


@pytest.mark.slow
def test_a_failure_on_the_way_is_raised_and_what_was_measured_written(
    model_files, faces, labels, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(probes.peak_throughput, "measure", break_down)
    with pytest.raises(InputError, match="the film tore"):
        run(
            [model_files["int8"]],
            faces,
            labels,
            leaked=None,
            data=data,
            rounds=2,
            peak=True,
            out=tmp_path,
        )
    found = results_file.load(tmp_path / "results.json")
    assert found["partial"]
    assert found["models"][0]["latency"]["rounds"] == 2


@pytest.mark.slow
def test_ctrl_c_while_it_is_written_loses_nothing(
    model_files, faces, labels, data, tmp_path, monkeypatch
):
    def impatient(written, path):
        os.kill(os.getpid(), signal.SIGINT)
        save(written, path)

    save = results_file.save
    monkeypatch.setattr(results_file, "save", impatient)
    heard = signal.getsignal(signal.SIGINT)
    models = [model_files["int8"]]
    found = run(models, faces, labels, leaked=None, data=data, rounds=1, out=tmp_path)
    assert results_file.load(tmp_path / "results.json") == found
    assert signal.getsignal(signal.SIGINT) is heard


@pytest.mark.slow
def test_two_runs_at_the_same_time_are_named_in_both(
    model_files, faces, labels, data, tmp_path, monkeypatch
):
    """The second session runs completely while the first times its matrix product."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    second = {}

    def meanwhile():
        models = [model_files["float32"]]
        out = tmp_path / "second"
        second.update(run(models, faces, labels, leaked=None, data=data, rounds=1, out=out))

    monkeypatch.setattr(probes.peak_throughput, "measure", meanwhile)
    first = run(
        [model_files["int8"]],
        faces,
        labels,
        leaked=None,
        data=data,
        rounds=1,
        peak=True,
        out=tmp_path,
    )
    for found, other in ((first, "fer2013_float32.tflite"), (second, "fer2013_int8.tflite")):
        (mark,) = (one for one in found["machine"]["marks"] if one["what"] == "another_run")
        assert other in mark["text"]
        assert found["models"][0]["latency"]["marked"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": []}, "no model to measure"),
        ({"models": ["float32", "float32"]}, "same file"),
        ({"labels": {}}, "names the fer2013 labels, and the data has none"),
        ({"labels": {"fer2013": np.full(40, -1)}}, "the data has none"),
        ({"images": np.zeros((0, 48, 48), np.uint8)}, "split is empty"),
        ({"images": np.zeros((40, 64, 64), np.uint8)}, "64x64"),
        ({"rounds": 0}, "rounds is 0"),
        ({"threads": ()}, "threads is 0"),
        ({"threads": (1, 0)}, "threads is 0"),
        ({"backends": ["caffe"]}, "backend 'caffe'"),
        ({"video": Path("none.avi")}, "no such video"),
        ({"cold": -1}, "cold is -1"),
    ],
)
def test_what_cannot_be_measured_is_said_and_leaves_no_file(
    change, message, model_files, faces, labels, data, tmp_path
):
    given = {"images": faces, "labels": labels, "rounds": 1, "models": ["float32"]} | change
    models = [model_files[name] for name in given.pop("models")]
    with pytest.raises(InputError, match=message):
        run(models, **given, leaked=None, data=data, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_of_other_labels_is_refused(model_files, faces, labels, data, tmp_path):
    animals = tmp_path / "animals.tflite"
    names = ("cat", "dog", "cow", "hen", "pig", "owl", "bee")
    animals.write_bytes(with_labels(model_files["float32"].read_bytes(), names))
    with pytest.raises(InputError, match="cat, dog"):
        run([animals], faces, labels, leaked=None, data=data, rounds=1, out=tmp_path)


def test_names_take_as_many_folders_as_set_them_apart(tmp_path):
    small, base = tmp_path / "small" / "x_int8.tflite", tmp_path / "base" / "x_int8.tflite"
    assert model_under_test.names([small]) == ["x_int8"]
    assert model_under_test.names([small, base]) == ["small-x_int8", "base-x_int8"]
    assert model_under_test.names([tmp_path / "my model (1).tflite"]) == ["my-model-1-"]
    with pytest.raises(InputError, match="same name"):
        model_under_test.names([tmp_path / "a.tflite", tmp_path / "a.lite"])


def test_accuracy_is_for_another_prior_and_by_persons_where_both_are_known(
    model_files, faces, labels, data, tmp_path
):
    model = tmp_path / "fer2013_int8.tflite"
    model.write_bytes(model_files["int8"].read_bytes())
    shares = dict(zip(FER2013, [0.02, 0.9, 0.02, 0.02, 0.02, 0.01, 0.01], strict=True))
    card = {"input": {}, "decision": {"prior": shares}}
    model.with_suffix(".card.json").write_text(json.dumps(card))
    subjects = np.array([f"p{i // 10}" for i in range(40)])
    found = benchmarks.run(
        [model],
        faces,
        labels,
        leaked=None,
        data=data,
        out=tmp_path,
        config=BenchmarkConfig(rounds=1, per_round=1, prior="uniform"),
        subjects=subjects,
    )
    assert found["protocol"]["prior"] == "uniform"
    (block,) = found["models"]
    assert block["accuracy"]["subjects"] == 4
    weights = (1 / np.array(list(shares.values()))).astype(np.float32)
    answers = (predict(Classifier(model), faces) * weights).argmax(axis=1)
    right = answers == labels["fer2013"]
    assert block["accuracy"]["top1"] == right.mean()
    assert block["accuracy"]["top1_ci95"] == cluster_interval(right, subjects)
    Draft202012Validator(SCHEMA).validate(json.loads((tmp_path / "results.json").read_text()))


def test_a_prior_needs_the_card_of_the_model(model_files, faces, labels, data, tmp_path):
    with pytest.raises(InputError, match="--prior needs"):
        run([model_files["int8"]], faces, labels, leaked=None, data=data, out=tmp_path,
            prior="uniform")  # fmt: skip
    assert not list(tmp_path.iterdir())
