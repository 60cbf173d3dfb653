from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import InputError
from device.labels import FER2013
from fer_edge.data.calibration_images import calibration_images, draw
from fer_edge.data.dataset import Dataset


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


def test_a_draw_is_of_training_images_that_stand_nowhere_else(tmp_path: Path) -> None:
    n = 60
    images = np.random.default_rng(1).integers(0, 256, (n, 48, 48), np.uint8)
    images[50] = images[3]  # a training image that is tested on, too
    data = Dataset(
        images=images,
        labels=np.zeros(n, np.int16),
        split=np.repeat(np.array([0, 1, 2], np.uint8), (40, 5, 15)),
        votes=np.zeros((n, 10), np.uint8),
        names=np.array([f"noise:{i}" for i in range(n)]),
        label_names=FER2013,
        provenance={"name": "noise", "synthetic": True},
    )
    path = tmp_path / "noise.npz"
    data.save(path)
    drawn = draw(path, 39, seed=0)
    assert sorted(drawn.rows) == [row for row in range(40) if row != 3]
    assert drawn.digest == data.digest
    np.testing.assert_array_equal(draw(path, 10, seed=0).rows, drawn.rows[:10])
    assert not np.array_equal(draw(path, 39, seed=1).rows, drawn.rows)
    with pytest.raises(InputError, match="has 39 images to calibrate on, not 40"):
        draw(path, 40, seed=0)
