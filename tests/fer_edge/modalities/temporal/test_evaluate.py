import numpy as np
import pytest

from fer_edge.modalities.temporal import evaluate
from fer_edge.modalities.temporal.sequences import Sequences, pack

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def sequences(*answers) -> Sequences:
    return pack(
        [(np.eye(2, dtype=np.float32)[list(a)], np.arange(8) / 10, TRUE.copy()) for a in answers]
    )


def test_delay_counts_from_the_change_to_the_first_right_answer() -> None:
    data = sequences(TRUE, (0, 0, 0, 0, 0, 0, 1, 0), (0,) * 8, (0, 0, 0, 1, 1, 1, 1, 1))
    found = evaluate.delay(data.probabilities.argmax(-1), data)
    assert found == pytest.approx([0, 200, np.inf, 0], abs=1e-3)


def test_flicker_counts_changes_per_minute() -> None:
    data = sequences(TRUE, (0, 1, 0, 1, 0, 1, 0, 1))
    found = evaluate.flicker(data.probabilities.argmax(-1), data)
    assert found == pytest.approx([60 / 0.7, 7 * 60 / 0.7])
    assert evaluate.mean_changes(data) == pytest.approx(60 / 0.7)


def test_padding_counts_nowhere() -> None:
    short = (np.eye(2, dtype=np.float32)[[0, 1]], np.array([0, 0.5]), np.array([0, 1]))
    long = (np.eye(2, dtype=np.float32)[TRUE], np.arange(8) / 10, TRUE)
    data = pack([short, long])
    found = evaluate.compare({"none": data.probabilities}, data, ("a", "b"))["none"]
    assert found["accuracy"]["n"] == 10 and found["accuracy"]["top1"] == 1
    assert found["reached"] == 1 and found["delay_ms"]["n"] == 2
    assert evaluate.flicker(data.probabilities.argmax(-1), data)[0] == pytest.approx(120)


def test_the_best_time_constant_ignores_flicker_and_follows_changes() -> None:
    restless = [0, 0, 1, 0, 1, 1, 1, 0]
    data = pack([(np.eye(2, dtype=np.float32)[restless], np.arange(8.0) / 10, TRUE.copy())] * 2)
    best = evaluate.best_time_constant(data)
    assert 0.1 <= best < 1
    right = [
        (evaluate.smoothed(data, each).argmax(-1) == data.classes).mean()
        for each in evaluate.TIME_CONSTANTS
    ]
    assert (evaluate.smoothed(data, best).argmax(-1) == data.classes).mean() == max(right)


def test_a_difference_has_the_sign_of_the_gain() -> None:
    data = sequences((0, 0, 1, 0, 1, 0, 1, 1), (0, 0, 0, 0, 0, 1, 1, 1))
    perfect = np.eye(2, dtype=np.float32)[data.classes]
    found = evaluate.difference(perfect, data.probabilities, data)
    assert found["top1"]["mean"] == pytest.approx(3 / 16)
    assert found["flicker"]["mean"] < 0 and found["delay_ms"]["mean"] == pytest.approx(-50)
