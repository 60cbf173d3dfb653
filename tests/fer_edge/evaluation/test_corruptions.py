"""Corruptions: reproducible, graded by severity, and valid images."""

import numpy as np
import pytest

from fer_edge.data import synthetic
from fer_edge.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic.generate(3, seed=1).images[:12]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_keeps_shape_and_input_and_repeats_to_the_bit(name, faces) -> None:
    before = faces.copy()
    once, again = (corrupt(faces, name, 3, seed=5) for _ in range(2))
    assert once.shape == faces.shape and once.dtype == np.uint8
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(faces, before)
    assert (once != faces).any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_higher_severity_changes_more(name, faces) -> None:
    def change(severity: int) -> float:
        return float(np.abs(corrupt(faces, name, severity).astype(int) - faces).mean())

    assert change(1) < change(5)


def test_a_face_is_corrupted_alike_whatever_stands_behind_it(faces) -> None:
    np.testing.assert_array_equal(corrupt(faces, "noise", 2)[:4], corrupt(faces[:4], "noise", 2))


def test_another_seed_draws_other_numbers(faces) -> None:
    assert (corrupt(faces, "random_patch", 2) != corrupt(faces, "random_patch", 2, seed=1)).any()


def test_a_turn_by_yaw_keeps_the_middle_line(faces) -> None:
    turned = corrupt(faces, "yaw", 1)
    middle = np.abs(turned[:, 20:28, 23:25].astype(int) - faces[:, 20:28, 23:25]).mean()
    edge = np.abs(turned[:, 20:28, :4].astype(int) - faces[:, 20:28, :4]).mean()
    assert middle < edge


def test_an_unknown_severity_is_refused(faces) -> None:
    with pytest.raises(ValueError, match="severity 6"):
        corrupt(faces, "noise", 6)
    assert SEVERITIES == (1, 2, 3, 4, 5)
