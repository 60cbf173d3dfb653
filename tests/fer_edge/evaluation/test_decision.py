"""Decision settings on a card: threshold and prior."""

import numpy as np
import pytest

from device.model import card
from device.model.card import THRESHOLD
from fer_edge import zoo
from fer_edge.data import synthetic
from fer_edge.evaluation import decision


def test_four_of_five_answers_above_the_threshold_are_right() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.34, 1, 2000)
    probabilities = np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)
    probabilities[:, 1] /= 2  # the first class is the answer, and right as often as it says
    labels = (rng.random(2000) > confidence).astype(int)
    found = decision.threshold(probabilities, labels)
    answered = probabilities.max(axis=1) >= found["threshold"]
    assert (labels[answered] == 0).mean() >= decision.RIGHT - 1e-4
    below = probabilities.max(axis=1) >= found["threshold"] - 0.01
    assert (labels[below] == 0).mean() < decision.RIGHT
    assert found["answered"] == pytest.approx(answered.mean(), abs=1e-4)


@pytest.mark.parametrize("right", [0, 1])
def test_the_threshold_is_no_lower_than_without_a_card(right: int) -> None:
    probabilities = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    found = decision.threshold(probabilities, np.full(10, 1 - right))
    assert found["threshold"] == THRESHOLD


def test_the_prior_is_the_share_of_each_class() -> None:
    faces = synthetic.generate(10, seed=1)
    shares = decision.prior(faces, "fer2013", 7)
    assert shares == pytest.approx(np.bincount(faces.labels, minlength=7) / len(faces))
    missing = faces.take(np.flatnonzero(faces.labels != 1))
    assert 0 < decision.prior(missing, "fer2013", 7)[1] < 0.05


def test_every_model_that_ships_has_both() -> None:
    for model in zoo.list_models():
        for path in model.files:
            said = card.threshold(path)
            assert THRESHOLD <= said <= 0.7
            head = "fer2013" if "fer2013" in path.stem else "ferplus"
            assert (head == "ferplus") == (said == THRESHOLD)
            labels = list(model.card["labels"][head])
            share = card.prior(path, labels)[labels.index("disgust")]
            if path.stem == "balanced_int8":  # a part of its prior is divided out
                plain = card.prior(path.with_name("ferplus_int8.tflite"), labels)
                assert plain[labels.index("disgust")] < share < 1 / len(labels)
            else:
                assert share < 0.02
