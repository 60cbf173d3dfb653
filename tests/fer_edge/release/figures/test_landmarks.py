"""Figures of docs/landmarks.md: what alignment changes, and the tables of the page."""

import json
from pathlib import Path

import numpy as np
import pytest

from device.faces.align import FaceCropper
from device.faces.landmarks import LandmarkModel
from device.labels import FER2013
from fer_edge.cli.shared.landmarks import SHIPPED, resolve
from fer_edge.data.synthetic import face
from fer_edge.evaluation.corruptions import corrupt_one
from fer_edge.release.figures import landmark_alignment

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def model() -> LandmarkModel:
    return LandmarkModel(resolve(SHIPPED))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.stack([face(label, seed=5) for label in FER2013])


def test_framing_levels_a_rotated_face(model: LandmarkModel, images: np.ndarray) -> None:
    crop = FaceCropper(margin=0.0)
    for position, image in enumerate(images):
        rotated = corrupt_one(image, "rotation", 3, position=position)
        before = model.pose(model(rotated))
        after = model.pose(model(landmark_alignment.by_frame(rotated, model, crop)))
        assert before is not None and after is not None
        assert abs(after.roll) < abs(before.roll) / 2


def test_warping_moves_landmarks_to_the_typical_ones(
    model: LandmarkModel, images: np.ndarray
) -> None:
    typical = model.shape[:, :2].astype(np.float32)
    for position, image in enumerate(images):
        turned = corrupt_one(image, "yaw", 3, position=position)
        warped = landmark_alignment.by_warp(turned, model, typical)
        before, after = (np.abs(model(one) - typical).mean() for one in (turned, warped))
        assert after < before


def test_the_page_has_the_measured_tables() -> None:
    figures = json.loads((ROOT / "docs" / "figures" / "landmarks.json").read_text())
    page = (ROOT / "docs" / "landmarks.md").read_text()
    assert landmark_alignment.table(figures["alignment"]) in page
    measured = figures["geometry"]["test"]
    for name in ("geometry", "pictures", "fused"):
        low, high = (100 * end for end in measured[name]["top1_ci95"])
        cells = f"{100 * measured[name]['top1']:.1f} % [{low:.1f}, {high:.1f}]"
        assert f"| {cells} | {100 * measured[name]['macro_f1']:.1f} |" in page
    assert f"{measured['gained']} are gained and {measured['lost']} lost" in page
    for entry in figures["agreement"]:
        low, high = entry["error_ci95"]
        assert (
            f"{entry['error']:.1f} % [{low:.1f}, {high:.1f}], median {entry['median']:.1f}" in page
        )
