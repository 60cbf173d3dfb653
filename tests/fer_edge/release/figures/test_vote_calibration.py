"""Confidences against the majority's label and against the votes."""

import json

import numpy as np
import pytest

from device.errors import InputError
from fer_edge import zoo
from fer_edge.data import synthetic
from fer_edge.release import tables
from fer_edge.release.figures import vote_calibration


def faces_of(share: float, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and ten votes a face of which this share is for the label."""
    labels = np.arange(n) % 8
    votes = np.zeros((n, 8), np.uint8)
    votes[np.arange(n), labels] = round(10 * share)
    votes[np.arange(n), (labels + 1) % 8] = 10 - round(10 * share)
    return labels, votes


def confident(labels: np.ndarray, confidence: float) -> np.ndarray:
    probabilities = np.full((len(labels), 8), (1 - confidence) / 7, np.float32)
    probabilities[np.arange(len(labels)), labels] = confidence
    return probabilities


def test_a_confidence_that_is_the_share_of_votes_has_no_error_against_them() -> None:
    labels, votes = faces_of(0.7)
    found = vote_calibration.measure(confident(labels, 0.7), labels, votes)
    assert found["ece_votes"] == pytest.approx(0, abs=1e-6)
    assert found["ece_majority"] == pytest.approx(0.3, abs=1e-6)
    assert found["share_of_votes"] == pytest.approx(0.7)


def test_a_temperature_that_fits_the_majority_leaves_the_votes() -> None:
    labels, votes = faces_of(0.7)
    found = vote_calibration.measure(confident(labels, 0.7), labels, votes)
    assert found["temperature"] < 1
    assert found["ece_majority_scaled"] < 0.05 < found["ece_votes_scaled"]


def test_the_figures_are_of_every_shipped_file_on_both_splits() -> None:
    path = tables.FIGURES / "vote-calibration.json"
    found = json.loads(path.read_text())["entries"]
    assert {(one["file"], one["split"]) for one in found} == {
        (f"zoo:{model.name}/ferplus_int8", split)
        for model in zoo.list_models()
        for split in ("val", "test")
    }
    for one in found:
        card = zoo.find(one["file"][4:].split("/")[0]).card["files"]["ferplus_int8"]
        said = card["val"] if one["split"] == "val" else card["test"]["all"]
        assert one["top1"] == pytest.approx(said["top1"])
        assert one["ece_majority"] == pytest.approx(said["ece"])


def test_faces_without_votes_are_refused(tmp_path) -> None:
    path = tmp_path / "faces.npz"
    synthetic.generate(20, seed=1).save(path)
    with pytest.raises(InputError, match=r"FER\+"):
        list(vote_calibration.entries(path))
