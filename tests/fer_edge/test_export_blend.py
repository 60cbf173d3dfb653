"""`fer-edge export --blend`: one file with the geometric mean of both heads' answers."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from typer.testing import CliRunner

from benchmarks.metrics import accuracy
from device.errors import InputError
from device.labels import FER2013, FERPLUS
from device.model import card
from device.model.card import card_path
from device.model.classifier import Classifier
from device.model.file import ModelFile
from fer_edge import zoo
from fer_edge.cli.app import app
from fer_edge.data import synthetic
from fer_edge.pipeline import initial_weights
from quantization.export import blend as blending
from quantization.export import io as io_adapter
from quantization.export.blend import Blend
from quantization.normalization import Normalization
from quantization.tflite import metadata
from quantization.tflite.convert import to_tflite

AS_IT_IS = ("--input", "gray", "--io", "int8")
OF_FER2013 = [6, 3, 5, 4, 0, 1, 2]
"""The FER2013 label of each FER+ label before contempt."""


def export(*words: object) -> Any:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def answers(path: Path, faces: np.ndarray) -> np.ndarray:
    return accuracy.predict(Classifier(path), faces).astype(np.float64)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic.generate(30, seed=4).images[:150]


def geometric_mean(ferplus: np.ndarray, fer2013: np.ndarray, share: float) -> np.ndarray:
    """The answers of both heads for FER+'s labels but contempt, of which FER2013 knows nothing."""
    mean = ferplus[:, :7] ** (1 - share) * fer2013[:, OF_FER2013] ** share
    return mean / mean.sum(axis=1, keepdims=True)


def without_contempt(ferplus: np.ndarray) -> np.ndarray:
    return ferplus[:, :7] / ferplus[:, :7].sum(axis=1, keepdims=True)


def test_a_float_blend_is_the_geometric_mean_of_both_heads(
    faces: np.ndarray, tmp_path: Path
) -> None:
    sizes = {"ferplus": FERPLUS, "fer2013": FER2013}
    net = initial_weights.find("zoo:nano").model({head: len(sizes[head]) for head in sizes})
    files = []
    for head, labels in sizes.items():
        path = tmp_path / f"{head}.tflite"
        normalization = Normalization(128, 128)
        to_tflite(
            net, path, head=head, labels=labels, precision="float32", normalization=normalization
        )
        files.append(ModelFile(path))
    models = [io_adapter.load(file) for file in files]
    blend = Blend.of(FERPLUS, FER2013, 0.3)
    blending.fold(models[0], models[1], blend, ("ferplus", "fer2013"))
    out = tmp_path / "blended.tflite"
    out.write_bytes(
        metadata.attach(
            models[0], name="blended", description="", labels=FERPLUS, mean=0, std=1, color="gray"
        )
    )
    wanted = geometric_mean(*(answers(file.path, faces) for file in files), 0.3)
    np.testing.assert_allclose(without_contempt(answers(out, faces)), wanted, atol=1e-5)


def test_an_int8_blend_answers_as_its_two_files(faces: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / "blended.tflite"
    done = export("zoo:base/ferplus_int8", "--blend", 0.3, *AS_IT_IS, "--out", out)
    assert done.exit_code == 0, done.output
    ferplus, fer2013 = (
        answers(zoo.resolve(f"zoo:base/{head}_int8"), faces) for head in ("ferplus", "fer2013")
    )
    wanted = geometric_mean(ferplus, fer2013 + 1 / 512, 0.3)  # 0 is anything below half a step
    found = without_contempt(answers(out, faces))
    agrees = found.argmax(axis=1) == wanted.argmax(axis=1)
    assert agrees.mean() > 0.95
    assert ModelFile(out).labels == FERPLUS
    assert abs(out.stat().st_size - zoo.resolve("zoo:base/ferplus_int8").stat().st_size) < 4096


def test_the_card_states_the_blend_and_its_prior(tmp_path: Path) -> None:
    out, nano = tmp_path / "blended.tflite", zoo.find("nano").folder
    done = export("zoo:nano", "--head", "ferplus", "--blend", 0.25, *AS_IT_IS, "--out", out)
    assert done.exit_code == 0, done.output
    written = json.loads(card_path(out).read_text())
    assert written["head"] == "ferplus"
    other = nano / "fer2013_int8.tflite"
    assert written["reweighting"] == {
        "blend": 0.25,
        "blended_with_sha256": ModelFile(other).sha256,
    }
    assert written["metrics"] == {} and "answered" not in written["decision"]
    own, theirs = card.prior(nano / "ferplus_int8.tflite", FERPLUS), card.prior(other, FER2013)
    mean = own[:7] ** 0.75 * theirs[OF_FER2013] ** 0.25
    found = card.prior(out, FERPLUS)
    np.testing.assert_allclose(found[:7] / found[:7].sum(), mean / mean.sum(), atol=1e-4)


def test_a_prior_is_exchanged_after_the_blend(faces: np.ndarray, tmp_path: Path) -> None:
    both, first, second = (tmp_path / f"{name}.tflite" for name in ("both", "first", "second"))
    prior = ["--prior", "uniform", "--prior-exponent", 0.5]
    words = ["zoo:nano/ferplus_int8", "--blend", 0.2, *AS_IT_IS]
    assert export(*words, *prior, "--out", both).exit_code == 0
    assert export(*words, "--out", first).exit_code == 0
    assert export(first, *prior, *AS_IT_IS, "--out", second).exit_code == 0
    np.testing.assert_array_equal(answers(both, faces), answers(second, faces))


def test_a_blend_of_nothing_changes_no_answer(faces: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / "same.tflite"
    assert export("zoo:nano", "--blend", 0, *AS_IT_IS, "--out", out).exit_code == 0
    np.testing.assert_array_equal(answers(out, faces), answers(zoo.resolve("zoo:nano"), faces))
    assert "reweighting" not in json.loads(card_path(out).read_text())


def test_the_other_head_has_to_stand_beside_the_file(tmp_path: Path) -> None:
    alone = tmp_path / "ferplus_int8.tflite"
    copy(zoo.resolve("zoo:nano/ferplus_int8"), alone)
    done = export(alone, "--blend", 0.2, "--out", tmp_path / "out.tflite")
    assert done.exit_code == 2
    assert f"{tmp_path / 'fer2013_int8.tflite'} is missing" in done.output.replace("\n", "")
    copy(alone, tmp_path / "mine.tflite")
    done = export(tmp_path / "mine.tflite", "--blend", 0.2, "--out", tmp_path / "out.tflite")
    assert done.exit_code == 2 and "other head" in done.output


def test_a_head_of_another_net_is_refused(tmp_path: Path) -> None:
    copy(zoo.resolve("zoo:nano/ferplus_int8"), tmp_path / "ferplus_int8.tflite")
    copy(zoo.resolve("zoo:nano-pruned"), tmp_path / "fer2013_int8.tflite")
    out = tmp_path / "out.tflite"
    done = export(tmp_path / "ferplus_int8.tflite", "--blend", 0.2, "--out", out)
    assert done.exit_code == 2 and "is not another head of" in done.output.replace("\n", "")
    assert not out.exists()


@pytest.mark.parametrize("weight", ["1.5", "-0.1", "nan"])
def test_a_weight_is_0_to_1(weight: str, tmp_path: Path) -> None:
    done = export("zoo:nano", "--blend", weight, "--out", tmp_path / "out.tflite")
    assert done.exit_code == 2 and not (tmp_path / "out.tflite").exists()


def test_label_sets_without_common_labels_cannot_be_blended() -> None:
    with pytest.raises(InputError, match="common labels"):
        Blend.of(("bored", "keen"), FER2013, 0.5)


LOGITS = arrays(np.float64, 8, elements=st.floats(-20, 20))


@given(LOGITS, arrays(np.float64, 7, elements=st.floats(-20, 20)), st.floats(0, 1))
def test_a_constant_added_to_either_file_changes_no_probability(
    own: np.ndarray, other: np.ndarray, share: float
) -> None:
    blend = Blend.of(FERPLUS, FER2013, share)
    before, after = blend.logits(own, other), blend.logits(own + 3, other - 5)
    np.testing.assert_allclose(before - before.max(), after - after.max(), atol=1e-9)


@given(st.floats(0, 1))
def test_a_blended_prior_sums_to_one(share: float) -> None:
    own, other = np.arange(1, 9) / 36, np.arange(1, 8) / 28
    prior = Blend.of(FERPLUS, FER2013, share).prior(own, other)
    assert prior.sum() == pytest.approx(1) and (prior > 0).all()


def copy(source: Path, target: Path) -> None:
    """Copy a model file and its card."""
    shutil.copy(source, target)
    shutil.copy(card_path(source), card_path(target))
