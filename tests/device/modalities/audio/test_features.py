import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.modalities.audio import features
from device.modalities.audio.features import BANDS, FLOOR, HOP, RATE, WINDOW, LogMel

from .sounds import voice


def test_equals_librosa() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa is not installed")
    signal = voice(1.0) + np.random.default_rng(1).normal(0, 0.01, RATE).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=signal, sr=RATE, n_fft=WINDOW, hop_length=HOP, center=False, n_mels=BANDS,
        fmin=features.LOWEST, fmax=features.HIGHEST,
    )  # fmt: skip
    assert np.allclose(LogMel()(signal), np.log(np.maximum(power, FLOOR)).T, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=12))
def test_frames_do_not_depend_on_the_blocks(sizes: list[int]) -> None:
    signal = np.random.default_rng(2).normal(0, 0.1, sum(sizes)).astype(np.float32)
    stream, whole = LogMel(), LogMel()(signal)
    blocks = np.split(signal, np.cumsum(sizes)[:-1]) if sizes else []
    streamed = [stream(block) for block in blocks]
    frames = np.concatenate([np.zeros((0, BANDS), np.float32), *streamed])
    assert frames.shape == whole.shape and np.allclose(frames, whole, atol=1e-4)


def test_silence_is_finite_and_at_the_floor() -> None:
    assert np.allclose(LogMel()(np.zeros(WINDOW, np.float32)), np.log(FLOOR))


def test_a_block_shorter_than_a_frame_gives_none() -> None:
    assert LogMel()(np.zeros(WINDOW - 1, np.float32)).shape == (0, BANDS)


def test_a_tone_is_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(WINDOW) / RATE).astype(np.float32)
    band = int(LogMel()(tone)[0].argmax())
    bins = np.flatnonzero(features.mel_filters()[band]) * RATE / WINDOW
    assert bins[0] - RATE / WINDOW <= 1000 <= bins[-1] + RATE / WINDOW
