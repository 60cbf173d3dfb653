import numpy as np

from quantization.verify.agreement import Bound, compare, violation

REFERENCE = np.array([[0.50, 0.48, 0.02], [0.70, 0.20, 0.10], [0.10, 0.10, 0.80]], np.float32)
TIED = np.array([[0.48, 0.50, 0.02], [0.70, 0.20, 0.10], [0.10, 0.10, 0.80]], np.float32)
WRONG = np.array([[0.50, 0.48, 0.02], [0.44, 0.46, 0.10], [0.10, 0.10, 0.80]], np.float32)


def test_every_changed_class_counts_without_a_lead() -> None:
    assert compare(TIED, REFERENCE).disagreements == 1
    problem = violation(compare(TIED, REFERENCE), Bound(0.1, 1.0))
    assert problem == "1 of 3 predictions differ (33.3%), more than 10.0%"


def test_with_a_lead_only_clear_answers_of_the_reference_count() -> None:
    assert compare(TIED, REFERENCE, lead=0.05).disagreements == 0
    assert compare(WRONG, REFERENCE, lead=0.05).disagreements == 1


def test_a_large_difference_is_a_violation_whatever_the_lead() -> None:
    found = compare(WRONG, REFERENCE, lead=0.9)
    assert found.disagreements == 0
    assert violation(found, Bound(1.0, 0.2, lead=0.9)) == (
        "a probability differs by 0.260, more than 0.200"
    )
