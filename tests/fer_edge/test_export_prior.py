"""`fer-edge export --prior`: the folded file answers as the runner does with the same --prior."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.metrics import accuracy
from device.errors import InputError
from device.labels import FERPLUS
from device.model import card, prior
from device.model.classifier import Classifier
from device.model.file import ModelFile
from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.data import synthetic
from fer_edge.pipeline import initial_weights
from quantization.export import io as io_adapter
from quantization.export import prior as prior_folding
from quantization.normalization import Normalization
from quantization.tflite import metadata
from quantization.tflite.convert import to_tflite


def export(*words: object) -> Any:
    return CliRunner().invoke(app, ["export", *map(str, words)])


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic.generate(30, seed=4).images[:150]


@pytest.mark.parametrize(
    ("source", "io", "difference", "disagreements"),
    [("ferplus_int8", "int8", 0.06, 4), ("fer2013_float32", "float32", 1e-5, 0)],
)
def test_a_folded_prior_answers_as_the_one_of_the_runner(
    source: str, io: str, difference: float, disagreements: int, faces: np.ndarray, tmp_path: Path
) -> None:
    model, out = f"zoo:base/{source}", tmp_path / "folded.tflite"
    done = export(model, "--input", "gray", "--io", io, "--prior", "uniform", "--out", out)
    assert done.exit_code == 0, done.output
    path = zoo.resolve(model)
    at_run_time = Classifier(path, weights=prior.weights("uniform", 1.0, path))
    wanted, found = (accuracy.predict(c, faces) for c in (at_run_time, Classifier(out)))
    assert np.abs(found - wanted).max() <= difference
    assert (found.argmax(axis=1) != wanted.argmax(axis=1)).sum() <= disagreements
    plain = accuracy.predict(Classifier(path), faces)
    assert np.abs(plain - wanted).max() > 0.1  # the prior does change the answers

    labels = ModelFile(out).labels
    np.testing.assert_allclose(card.prior(out, labels), 1 / len(labels), atol=1e-5)
    again = prior.weights("uniform", 1.0, out)
    assert again is not None
    np.testing.assert_allclose(again, 1, atol=1e-4)
    assert card.threshold(out) == card.threshold(path)


def test_half_an_exchange_and_a_file_of_shares(faces: np.ndarray, tmp_path: Path) -> None:
    path = zoo.resolve("zoo:base/ferplus_int8")
    shares = {label: 1.0 + 3.0 * (label == "neutral") for label in FERPLUS}
    (tmp_path / "here.json").write_text(json.dumps(shares))
    out = tmp_path / "half.tflite"
    words = ["--input", "gray", "--io", "int8", "--prior-exponent", "0.5", "--out", out]
    done = export("zoo:base/ferplus_int8", "--prior", tmp_path / "here.json", *words)
    assert done.exit_code == 0, done.output
    trained, new = card.prior(path, FERPLUS), card.prior(out, FERPLUS)
    wanted = np.sqrt(trained * np.array([shares[label] for label in FERPLUS]))
    np.testing.assert_allclose(new, wanted / wanted.sum(), atol=1e-4)


def test_a_prior_without_a_card_is_one_line(tmp_path: Path) -> None:
    alone = tmp_path / "alone.tflite"
    shutil.copy(zoo.resolve("zoo:nano"), alone)
    done = export(alone, "--prior", "uniform", "--out", tmp_path / "out.tflite")
    assert done.exit_code == 2 and "class frequencies in training" in done.output
    assert not (tmp_path / "out.tflite").exists()


def test_a_graph_without_a_dense_layer_at_its_end_is_refused() -> None:
    model = io_adapter.load(ModelFile(zoo.resolve("zoo:nano")))
    graph = model.subgraphs[0]
    graph.outputs = graph.operators[-2].outputs  # the logits
    with pytest.raises(InputError, match="ends in a dense layer"):
        prior_folding.fold(model, np.ones(7), "net")


def test_a_prior_folds_into_a_file_with_int8_weights_and_a_float_bias(
    faces: np.ndarray, tmp_path: Path
) -> None:
    net = initial_weights.find("zoo:nano").model({"fer2013": 7})
    path = tmp_path / "net.tflite"
    normalization = Normalization(128, 128)
    labels = ModelFile(zoo.resolve("zoo:nano")).labels
    to_tflite(
        net, path, head="fer2013", labels=labels, precision="dynamic", normalization=normalization
    )
    model = io_adapter.load(ModelFile(path))
    factors = np.linspace(0.5, 2, 7)
    prior_folding.fold(model, factors, "net")
    out = tmp_path / "folded.tflite"
    out.write_bytes(
        metadata.attach(
            model, name="net", description="", labels=labels, mean=0, std=1, color="gray"
        )
    )
    plain, found = (accuracy.predict(Classifier(file), faces) for file in (path, out))
    wanted = plain * factors / (plain * factors).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
