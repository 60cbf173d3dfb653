"""Microphone input through PortAudio and sounddevice (extra `audio`)."""

import logging
import queue
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.resample import Resampler
from device.modalities.audio.source import EXTRA

log = logging.getLogger(__name__)

_BLOCKS = 50  # queued blocks, about 5 s; the oldest is dropped if the queue is full
_SILENCE = 5.0  # seconds without a block after which the microphone counts as failed


class Microphone:
    """An input device, recorded at its own rate and resampled."""

    live = True

    def __init__(self, device: str = "") -> None:
        """Start recording; only blocks that were not read yet are kept.

        Args:
            device: number or part of the name of an input device; "" for the system's default.

        Raises:
            InputError: sounddevice or PortAudio is not installed, or the device does not exist.
        """
        try:
            import sounddevice
        except ImportError as error:
            raise InputError(f"a microphone needs sounddevice: {EXTRA}") from error
        except OSError as error:
            raise InputError(
                "a microphone needs the PortAudio library: sudo apt install libportaudio2"
            ) from error
        self.name = f"mic:{device}" if device else "mic"
        chosen = int(device) if device.isdecimal() else device or None
        try:
            rate = int(sounddevice.query_devices(chosen, "input")["default_samplerate"])
            self._resample = Resampler(rate)
            self._waiting: queue.Queue[npt.NDArray[np.float32] | None] = queue.Queue()
            self._stream = sounddevice.InputStream(
                samplerate=rate,
                blocksize=rate // 10,
                device=chosen,
                channels=1,
                dtype="float32",
                callback=self._receive,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError, OSError) as error:
            raise InputError(
                f"{self.name} cannot be opened: {error}; python -m sounddevice lists the devices"
            ) from error

    def read(self) -> npt.NDArray[np.float32] | None:
        """Wait for the next block and return it; None after `close`.

        Raises:
            InputError: no data arrives, for example after the microphone was unplugged.
        """
        try:
            block = self._waiting.get(timeout=_SILENCE)
        except queue.Empty:
            raise InputError(f"{self.name} delivers no audio: is it plugged in?") from None
        return None if block is None else self._resample(block)

    def close(self) -> None:
        """Stop recording."""
        self._stream.close()
        self._waiting.put(None)

    def _receive(
        self, samples: npt.NDArray[np.float32], count: int, time: Any, status: Any
    ) -> None:
        if status:
            log.warning("%s: %s", self.name, status)
        if self._waiting.qsize() >= _BLOCKS:
            with suppress(queue.Empty):  # the reader has just emptied it
                self._waiting.get_nowait()
        self._waiting.put(samples[:, 0].copy())
