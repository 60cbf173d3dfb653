"""Streaming log-mel features in NumPy; the same code runs in training and on the device.

The filters are those of Slaney's Auditory Toolbox (1998), as librosa computes them with
`htk=False, norm="slaney"`; frames are librosa's with `center=False`.
"""

import functools

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Sample rate in Hz that every source delivers."""

WINDOW = 512
"""Samples per frame: 32 ms, weighted with a periodic Hann window."""

HOP = 256
"""Samples between two frames: 16 ms."""

BANDS = 64
"""Number of mel filters."""

LOWEST, HIGHEST = 50.0, 7600.0
"""Frequency range of the filters in Hz."""

FLOOR = 1e-10
"""Lower bound of the power; the quantization noise of 16 bits is about 1e-9."""

CENTER, SPREAD = -8.0, 5.0
"""Offset and divisor of `scaled`: about the mean and standard deviation of speech, in nepers."""


class LogMel:
    """Converts blocks of samples to log-mel frames; samples of an incomplete frame are kept."""

    def __init__(self) -> None:
        """Initialize without samples."""
        self._kept = np.zeros(0, np.float32)

    def __call__(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Add samples and return the frames that they complete.

        The frames do not depend on how the signal is split into blocks.

        Args:
            samples: float32 [n], -1..1, `RATE` samples per second; n may be 0.

        Returns:
            float32 [frames, BANDS], the natural logarithm of the power in each band.
        """
        signal = np.concatenate([self._kept, samples]) if len(self._kept) else samples
        count = max(0, (len(signal) - WINDOW) // HOP + 1)
        self._kept = signal[count * HOP :].copy()
        if count == 0:
            return np.zeros((0, BANDS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[: count * HOP : HOP]
        return log_mel(frames)

    def reset(self) -> None:
        """Discard the samples of the incomplete frame."""
        self._kept = self._kept[:0]


def log_mel(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Compute the log-mel power of frames.

    Args:
        frames: float32 [n, WINDOW], samples -1..1.

    Returns:
        float32 [n, BANDS], at least log(FLOOR).
    """
    spectrum = np.fft.rfft(frames * _hann())
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energy = power.astype(np.float32) @ mel_filters().T
    np.maximum(energy, FLOOR, out=energy)
    return np.log(energy, out=energy)


def scaled(log_mel_frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale log-mel frames to the range of the model's input: -3 (silence) to about 2."""
    return (log_mel_frames - np.float32(CENTER)) / np.float32(SPREAD)


@functools.cache
def mel_filters() -> npt.NDArray[np.float32]:
    """Return triangular filters of equal area, equally spaced on Slaney's mel scale.

    Returns:
        float32 [BANDS, WINDOW // 2 + 1], read-only.
    """
    edges = _to_hertz(np.linspace(_to_mel(LOWEST), _to_mel(HIGHEST), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    ramps = edges[:, np.newaxis] - bins
    widths = np.diff(edges)[:, np.newaxis]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    area = 2 / (edges[2:] - edges[:-2])
    filters = (triangles * area[:, np.newaxis]).astype(np.float32)
    filters.flags.writeable = False
    return filters


@functools.cache
def _hann() -> npt.NDArray[np.float32]:
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    window.flags.writeable = False
    return window


_LINEAR = 200 / 3  # Hz per mel below 1 kHz
_KNEE = 1000.0  # Hz above which the scale is logarithmic
_STEP = np.log(6.4) / 27  # log step per mel above


def _to_mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz / _LINEAR
    return float(_KNEE / _LINEAR + np.log(hertz / _KNEE) / _STEP)


def _to_hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    knee = _KNEE / _LINEAR
    return np.where(mel < knee, mel * _LINEAR, _KNEE * np.exp(_STEP * (mel - knee)))
