import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.calibration import calibration_images


@given(n=st.integers(1, 50_000), count=st.integers(1, 512))
def test_the_same_images_every_time_from_a_split_of_any_size(n: int, count: int) -> None:
    positions = np.arange(n)
    picked = calibration_images(positions, count)
    assert len(picked) == count
    np.testing.assert_array_equal(picked, calibration_images(positions, 512)[:count])


def test_they_are_spread_over_the_split() -> None:
    picked = calibration_images(np.arange(28_000), 256)
    assert len(set(picked)) > 250
    assert np.mean(picked) == pytest.approx(14_000, rel=0.1)
