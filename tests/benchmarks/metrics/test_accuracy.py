import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.metrics import accuracy
from benchmarks.stats.proportion import wilson

NAMES = tuple("abcdefg")

pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


def one_hot(predicted) -> np.ndarray:
    return np.eye(len(NAMES), dtype=np.float32)[np.asarray(predicted)]


def naive_rates(truth, predicted, label):
    hits = sum(t == p == label for t, p in zip(truth, predicted, strict=True))
    precision = hits / predicted.count(label) if label in predicted else 0.0
    recall = hits / truth.count(label) if label in truth else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f1


@given(pairs)
def test_rates_are_those_of_the_definition(rows):
    truth, predicted = map(list, zip(*rows, strict=True))
    block = accuracy.metrics(one_hot(predicted), np.array(truth), NAMES)
    naive = [naive_rates(truth, predicted, label) for label in range(len(NAMES))]
    found = [(c["precision"], c["recall"], c["f1"]) for c in block["classes"]]
    assert np.allclose(found, naive)
    present = [naive[label] for label in sorted(set(truth))]
    macro = (block["macro_precision"], block["macro_recall"], block["macro_f1"])
    assert np.allclose(macro, np.mean(present, axis=0))


@given(pairs)
def test_confusion_matrix_counts_every_image_once(rows):
    truth, predicted = map(np.array, zip(*rows, strict=True))
    counts = accuracy.confusion(truth, predicted, len(NAMES))
    assert counts.sum() == len(rows)
    assert (counts.sum(axis=1) == np.bincount(truth, minlength=7)).all()
    assert (counts.sum(axis=0) == np.bincount(predicted, minlength=7)).all()


def test_images_without_a_label_are_left_out():
    block = accuracy.metrics(one_hot([0, 1, 2]), np.array([0, -1, 3]), NAMES)
    assert block["n"] == 2
    assert block["top1"] == 0.5
    assert np.sum(block["confusion"]) == 2


def test_without_any_label_there_is_no_accuracy():
    with pytest.raises(ValueError, match="no image has a label"):
        accuracy.metrics(one_hot([0]), np.array([-1]), NAMES)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_wilson_interval_holds_the_proportion(n, share):
    right = round(n * share)
    low, high = wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1


def test_wilson_interval_of_a_known_case():
    # Newcombe 1998, table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.lists(st.integers(0, 6), min_size=1))
def test_sure_and_right_is_perfectly_calibrated(truth):
    assert accuracy.calibration_error(one_hot(truth), np.array(truth)) == 0


def test_sure_and_wrong_is_calibrated_worst():
    assert accuracy.calibration_error(one_hot([1, 2]), np.array([0, 0])) == 1


def test_calibration_error_weighs_bins_by_their_images():
    # Three at 0.9 of which two are right, one at 0.6 that is wrong.
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.6, 0.4]], np.float32)
    error = accuracy.calibration_error(probabilities, np.array([0, 0, 1, 1]))
    assert error == pytest.approx(3 / 4 * (0.9 - 2 / 3) + 1 / 4 * 0.6)


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 30), st.just(7)), elements=st.floats(0, 1, width=32)
    )
)
def test_calibration_error_is_a_share(probabilities):
    labels = np.zeros(len(probabilities), int)
    assert 0 <= accuracy.calibration_error(probabilities, labels) <= 1


def test_predict_keeps_each_answer_of_a_classifier_that_reuses_its_buffer():
    buffer = np.zeros(2, np.float32)

    def classify(face):
        buffer[:] = face[0, 0], 0
        return buffer

    images = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((48, 48), np.uint8)
    assert accuracy.predict(classify, images)[:, 0].tolist() == [0, 1, 2]
