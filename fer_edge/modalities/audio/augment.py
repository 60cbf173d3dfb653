"""Augmentation of log-mel frames: level, timbre, pitch, tempo, noise and masking."""

import numpy as np
from numpy.typing import NDArray

from device.modalities.audio.classifier import SILENCE
from device.modalities.audio.features import BANDS, SPREAD
from fer_edge.modalities.audio.recipe import Augment

_NEPERS = np.log(10) / 10  # nepers of power per dB
_EQUALIZER_POINTS = 5
_NOISE_LEVELS = (-2.6, -0.6)  # scaled: from nearly inaudible to 8 dB below loud speech


def augment(
    frames: NDArray[np.float32], options: Augment, random: np.random.Generator
) -> NDArray[np.float32]:
    """Augment the frames of a recording at random.

    Args:
        frames: scaled float32 [n, BANDS], n > 0.
        options: augmentation settings.
        random: random generator.

    Returns:
        float32 [m, BANDS], a new array.
    """
    changed = _stretch(frames, 1 + random.uniform(-options.stretch, options.stretch))
    changed = _shift(changed, random.uniform(-options.pitch, options.pitch))
    decibels = random.uniform(-options.gain, options.gain) + np.interp(
        np.arange(BANDS),
        np.linspace(0, BANDS - 1, _EQUALIZER_POINTS),
        random.normal(0, options.equalizer, _EQUALIZER_POINTS),
    )
    changed = changed + decibels * (_NEPERS / SPREAD)
    if random.random() < options.noise:
        changed = _add_noise(changed, random)
    changed = np.maximum(changed, SILENCE).astype(np.float32)
    _hide(changed, options, random)
    return changed


def _stretch(frames: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Change the tempo by linear interpolation between frames."""
    last = len(frames) - 1
    places = np.linspace(0, last, max(1, round(len(frames) * factor)))
    lower = places.astype(np.int64)
    share = (places - lower)[:, np.newaxis].astype(np.float32)
    return frames[lower] * (1 - share) + frames[np.minimum(lower + 1, last)] * share


def _shift(frames: NDArray[np.float32], bands: float) -> NDArray[np.float32]:
    """Shift the spectrum by a fractional number of bands, which changes the perceived pitch."""
    places = np.clip(np.arange(BANDS) + bands, 0, BANDS - 1)
    lower = places.astype(np.int64)
    share = (places - lower).astype(np.float32)
    upper = np.minimum(lower + 1, BANDS - 1)
    return frames[:, lower] * (1 - share) + frames[:, upper] * share


def _add_noise(frames: NDArray[np.floating], random: np.random.Generator) -> NDArray[np.floating]:
    """Add noise power with a random spectral slope."""
    slope = random.uniform(-0.5, 0.5) * np.linspace(-1, 1, BANDS)
    noise = random.uniform(*_NOISE_LEVELS) + slope + random.normal(0, 0.12, frames.shape)
    return np.logaddexp(frames * SPREAD, noise * SPREAD) / SPREAD


def _hide(frames: NDArray[np.float32], options: Augment, random: np.random.Generator) -> None:
    """Mask a range of bands and a range of frames with the mean (SpecAugment)."""
    mean = frames.mean()
    width = int(random.integers(0, options.frequency_mask + 1))
    first = int(random.integers(0, BANDS - width + 1))
    frames[:, first : first + width] = mean
    width = int(random.integers(0, min(options.time_mask, len(frames) // 3) + 1))
    first = int(random.integers(0, len(frames) - width + 1))
    frames[first : first + width] = mean
