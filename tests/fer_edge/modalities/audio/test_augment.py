import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from device.modalities.audio.classifier import SILENCE
from device.modalities.audio.features import BANDS
from fer_edge.modalities.audio.augment import augment
from fer_edge.modalities.audio.recipe import Augment

NOTHING = Augment(gain=0, equalizer=0, pitch=0, stretch=0, noise=0, frequency_mask=0, time_mask=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 80), st.integers(0, 1000))
def test_any_recording_stays_one(length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = random.normal(0, 1, (length, BANDS)).clip(SILENCE).astype(np.float32)
    changed = augment(frames, Augment(noise=1.0), random)
    assert changed.dtype == np.float32 and changed.shape[1] == BANDS
    assert 0.8 * length - 1 <= len(changed) <= 1.2 * length + 1
    assert np.isfinite(changed).all() and changed.min() >= SILENCE


def test_without_changes_the_frames_come_back() -> None:
    frames = np.random.default_rng(1).uniform(-2, 2, (40, BANDS)).astype(np.float32)
    assert np.allclose(augment(frames, NOTHING, np.random.default_rng(2)), frames, atol=1e-5)
