"""Interface of audio sources: blocks of mono samples at 16 kHz."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from device.modalities.audio.features import RATE

BLOCK = RATE // 10
"""Approximate number of samples per block: 0.1 s."""

EXTRA = "pip install 'fer-edge[audio]'"


class AudioSource(Protocol):
    """Delivers blocks of audio in order.

    Attributes:
        name: name of the source in the log, without credentials.
        live: whether the audio arrives in real time.
    """

    name: str
    live: bool

    def read(self) -> npt.NDArray[np.float32] | None:
        """Wait for the next block and return it.

        Returns:
            float32 [n], -1..1, `RATE` samples per second; None at the end.

        Raises:
            InputError: the source fails.
        """
        ...

    def close(self) -> None:
        """Close the source; may be called from another thread while `read` waits."""
        ...
