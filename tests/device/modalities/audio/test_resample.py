import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import InputError
from device.modalities.audio.features import RATE
from device.modalities.audio.resample import Resampler


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 22050, 44100, 48000, 22051, 96000])
def test_equals_scipy(rate: int) -> None:
    signal = pytest.importorskip("scipy.signal", reason="SciPy is not installed")
    samples = np.random.default_rng(rate).normal(size=rate // 4).astype(np.float32)
    resample = Resampler(rate)
    converted = np.concatenate([resample(samples), resample.finish()])
    divisor = math.gcd(rate, RATE)
    expected = signal.resample_poly(samples.astype(float), RATE // divisor, rate // divisor)
    assert abs(len(converted) - len(expected)) <= 1
    size = min(len(converted), len(expected))
    assert np.allclose(converted[:size], expected[:size], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([8000, 22050, 96000]), st.lists(st.integers(0, 900), max_size=8))
def test_the_output_does_not_depend_on_the_blocks(rate: int, sizes: list[int]) -> None:
    samples = np.random.default_rng(4).normal(size=sum(sizes)).astype(np.float32)
    blocks = np.split(samples, np.cumsum(sizes)[:-1]) if sizes else []
    one, many = Resampler(rate), Resampler(rate)
    whole = np.concatenate([one(samples), one.finish()])
    streamed = np.concatenate([*(many(block) for block in blocks), many.finish()])
    assert whole.shape == streamed.shape and np.allclose(whole, streamed, atol=1e-6)


def test_the_rate_of_the_features_passes_unchanged() -> None:
    samples = np.ones(10, np.float32)
    assert Resampler(RATE)(samples) is samples


@pytest.mark.parametrize("rate", [0, 3999, 384_001, 10**9])
def test_an_impossible_rate_is_refused(rate: int) -> None:
    with pytest.raises(InputError, match="sample rate"):
        Resampler(rate)
