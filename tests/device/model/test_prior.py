"""Class priors at run time: the training frequencies are replaced by others."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from device.errors import InputError
from device.labels import FER2013
from device.model import card, prior
from device.model.classifier import Classifier
from fer_edge import zoo


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose card states that half of the training faces were happy."""
    path = tmp_path / "m.tflite"
    shutil.copy(zoo.resolve("zoo:nano"), path)
    shares = {label: 0.5 if label == "happy" else 0.5 / 6 for label in FER2013}
    decision = {"prior": shares, "threshold": 0.62}
    card.card_path(path).write_text(json.dumps({"input": {}, "decision": decision}))
    return path


def test_a_uniform_prior_divides_the_training_prior_out(model: Path) -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    before = Classifier(model)(face).astype(float)
    shares = card.prior(model, FER2013)
    for exponent in (0.0, 0.5, 1.0):
        weights = prior.weights("uniform", exponent, model)
        after = Classifier(model, weights=weights)(face)
        due = before / shares**exponent
        assert after == pytest.approx(due / due.sum(), abs=1e-6)
        assert after.sum() == pytest.approx(1, abs=1e-6)


def test_a_file_gives_the_shares_of_the_place(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "hall.json"
    file.write_text(json.dumps({label: 6 if label == "neutral" else 1 for label in FER2013}))
    weights = prior.weights(str(file), 1.0, model)
    assert weights is not None
    assert weights[FER2013.index("neutral")] == pytest.approx(0.5 / (0.5 / 6))
    assert weights[FER2013.index("happy")] == pytest.approx(1 / 12 / 0.5)


def test_none_changes_nothing(model: Path) -> None:
    assert prior.weights("none", 1.0, model) is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"happy": 1}', "[" * 100_000,
     json.dumps(dict.fromkeys(FER2013, 0)), json.dumps(dict.fromkeys(FER2013, "1")),
     json.dumps(dict.fromkeys(FER2013, True)), json.dumps(dict.fromkeys((*FER2013, "bored"), 1))],
)  # fmt: skip
def test_a_damaged_file_is_one_line(content: str, model: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(InputError, match=r"bad\.json"):
        prior.weights(str(tmp_path / "bad.json"), 1.0, model)


def test_a_model_without_the_entry_has_no_prior(model: Path) -> None:
    card.card_path(model).write_text("{}")
    with pytest.raises(InputError, match="does not contain the class frequencies"):
        prior.weights("uniform", 1.0, model)
    card.card_path(model).unlink()
    with pytest.raises(InputError, match="does not contain the class frequencies"):
        prior.weights("uniform", 1.0, model)


def test_the_card_says_the_threshold(model: Path) -> None:
    assert card.threshold(model) == 0.62
    assert card.margin(model) == 0
    card.card_path(model).unlink()
    assert card.threshold(model) == card.THRESHOLD


@pytest.mark.parametrize("value", ["high", True, None, -0.1, 1.5, 1e300])
def test_a_damaged_threshold_is_one_line(value: object, model: Path) -> None:
    card.card_path(model).write_text(json.dumps({"decision": {"threshold": value}}))
    with pytest.raises(InputError, match=r"decision\.threshold"):
        card.threshold(model)
