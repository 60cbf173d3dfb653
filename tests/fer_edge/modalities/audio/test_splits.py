import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from fer_edge.modalities.audio.splits import Fold, by_speaker, check_disjoint


@given(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=60), st.integers(2, 10))
def test_no_speaker_is_in_training_and_test(names: list[str], count: int) -> None:
    speakers = np.array(names)
    if len(set(names)) < 2:
        with pytest.raises(InputError, match="one speaker"):
            by_speaker(speakers, count)
        return
    folds = by_speaker(speakers, count)
    assert len(folds) == min(count, len(set(names)))
    for fold in folds:
        assert not set(speakers[fold.train]) & set(speakers[fold.test])
        assert set(speakers[fold.test]) == set(fold.speakers)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == list(range(len(names)))


def test_a_speaker_on_both_sides_is_refused() -> None:
    speakers = np.array(["a", "a", "b"])
    leaking = [Fold(np.array([0, 2]), np.array([1]), ("a",))]
    with pytest.raises(InputError, match="speakers a are in training and test"):
        check_disjoint(speakers, leaking)
