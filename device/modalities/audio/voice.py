"""Voice activity detection: frame power above an adaptive noise floor."""

import numpy as np
import numpy.typing as npt

from device.modalities.audio.features import HOP, RATE

MARGIN = 2.0
"""Level above the noise floor that counts as speech, in nepers of power (8.7 dB)."""

QUIETEST = -16.0
"""Log power below which a frame is never speech: about -80 dB of full scale."""

HANGOVER = 0.25
"""Seconds after the last loud frame that still count as speech: quiet consonants, short stops."""

END = 0.6
"""Seconds without speech after which the utterance has ended."""

_RISE = 0.7 * HOP / RATE  # nepers per frame (3 dB/s): adapts to steady noise within seconds
_FALL = 0.2  # smoothing factor towards a quieter frame
_START = -11.5  # initial noise floor: -60 dB, a quiet room
_HANGOVER_FRAMES = round(HANGOVER * RATE / HOP)
_END_FRAMES = round(END * RATE / HOP)


class VoiceActivity:
    """Detects speech frames and the ends of utterances.

    The noise floor rises by up to 3 dB per second and follows quieter frames faster.
    """

    def __init__(self) -> None:
        """Initialize with the noise floor of a quiet room."""
        self.reset()

    def reset(self) -> None:
        """Reset the noise floor and the utterance."""
        self._floor = _START
        self._quiet = _END_FRAMES  # frames since the last loud one

    def __call__(self, log_mel: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Classify frames as speech or not.

        Args:
            log_mel: float32 [n, bands], natural logarithm of power.

        Returns:
            bool [n], whether each frame belongs to an utterance.
        """
        levels = np.log(np.exp(log_mel).mean(axis=1)).tolist()
        voiced = np.zeros(len(levels), np.bool_)
        for index, level in enumerate(levels):
            if level > self._floor + MARGIN and level > QUIETEST:
                self._quiet = 0
            else:
                self._quiet += 1
            if level < self._floor:
                self._floor += _FALL * (level - self._floor)
            else:
                self._floor = min(self._floor + _RISE, level)
            voiced[index] = self._quiet <= _HANGOVER_FRAMES
        return voiced

    @property
    def ended(self) -> bool:
        """Whether no speech was detected for `END` seconds, or at all."""
        return self._quiet >= _END_FRAMES
