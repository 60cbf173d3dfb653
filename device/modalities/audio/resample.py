"""Streaming sample rate conversion with a polyphase filter, in NumPy.

The filter is that of `scipy.signal.resample_poly`: a Kaiser-windowed sinc (beta 5) with ten zero
crossings on each side, at the lower of the two rates.
"""

import math

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.features import RATE

MIN_RATE, MAX_RATE = 4_000, 384_000
"""Supported sample rates in Hz."""

_CROSSINGS = 10
_BETA = 5.0


class Resampler:
    """Resamples blocks to `RATE`; the output does not depend on the block sizes."""

    def __init__(self, rate: int) -> None:
        """Initialize the filter.

        Args:
            rate: sample rate of the input in Hz, `MIN_RATE` to `MAX_RATE`.

        Raises:
            InputError: the rate is out of range.
        """
        if not MIN_RATE <= rate <= MAX_RATE:
            raise InputError(f"sample rate {rate:,} Hz: must be {MIN_RATE:,} to {MAX_RATE:,} Hz")
        divisor = math.gcd(rate, RATE)
        self._up, self._down = RATE // divisor, rate // divisor
        self._phases = _phases(self._up, self._down)
        self._reach = self._phases.shape[1] // 2
        self._kept = np.zeros(self._reach, np.float32)  # silence before the first sample
        self._position = 0  # next output sample, in upsampled samples from `_kept[reach]`

    def __call__(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Resample a block.

        Args:
            samples: float32 [n] at the input rate.

        Returns:
            float32 [m] at `RATE`, with a delay of ten samples of the lower rate.
        """
        if self._up == self._down:
            return samples
        signal = np.concatenate([self._kept, samples])
        whole = len(signal) - 2 * self._reach  # input samples with all their neighbors
        if self._position >= whole * self._up:
            self._kept = signal
            return np.zeros(0, np.float32)
        positions = np.arange(self._position, whole * self._up, self._down)
        centers, phases = np.divmod(positions, self._up)
        windows = np.lib.stride_tricks.sliding_window_view(signal, 2 * self._reach + 1)
        converted = np.einsum("nt,nt->n", windows[centers], self._phases[phases])
        position = self._position + len(positions) * self._down
        used = min(position // self._up, whole)
        self._position = position - used * self._up
        self._kept = signal[used:].copy()
        return converted

    def finish(self) -> npt.NDArray[np.float32]:
        """Return the remaining samples, computed as if silence followed the signal."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        return self(np.zeros(self._reach, np.float32))


def _phases(up: int, down: int) -> npt.NDArray[np.float32]:
    """Return the polyphase filter, float32 [up, 2 * reach + 1], earliest input sample first."""
    half = _CROSSINGS * max(up, down)
    reach = -(-half // up)
    offsets = np.arange(up)[:, np.newaxis] - np.arange(-reach, reach + 1) * up
    inside = np.abs(offsets) <= half
    times = offsets / half
    window = np.i0(_BETA * np.sqrt(np.maximum(0, 1 - times**2))) * inside
    taps = np.sinc(offsets / max(up, down)) * window
    return (taps * up / taps.sum()).astype(np.float32)
