"""Generated sounds: tones with the envelope of speech, and WAV files of them."""

import wave
from pathlib import Path

import numpy as np


def voice(
    seconds: float, pitch: float = 140.0, rate: int = 16_000, syllables: float = 4.0
) -> np.ndarray:
    """A buzz of harmonics that swells and fades as syllables do, float32 -0.5..0.5."""
    time = np.arange(round(seconds * rate)) / rate
    harmonics = [np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)]
    envelope = 0.1 + 0.9 * np.sin(np.pi * syllables * time) ** 2
    return (0.25 * np.sum(harmonics, axis=0) * envelope).clip(-0.5, 0.5).astype(np.float32)


def write_wave(path: Path, samples: np.ndarray, rate: int = 16_000, width: int = 2) -> Path:
    """Write float samples [n] or [n, channels] as whole numbers."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    full = (1 << (8 * width - 1)) - 1
    values = np.rint(samples.astype(np.float64) * full).astype(np.int64)
    if width == 1:
        values += 128
    raw = values.reshape(-1, 1).astype("<i8").view(np.uint8)[:, :width].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw)
    return path
