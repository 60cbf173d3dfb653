"""Reader for integer PCM WAV files, based on the standard library."""

import logging
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.features import RATE
from device.modalities.audio.resample import Resampler

log = logging.getLogger(__name__)

_MAX_CHANNELS = 32
_ENCODINGS = {1: "u1", 2: "<i2", 4: "<i4"}
_READABLE = (1, 0xFFFE)  # integer PCM, and the extensible format that may contain it


def is_wave(path: Path) -> bool:
    """Return whether a file is a WAV file that `WaveFile` can read: integer PCM.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    start = head.find(b"fmt ")
    return start < 0 or int.from_bytes(head[start + 8 : start + 10], "little") in _READABLE


class WaveFile:
    """A WAV file of 8, 16, 24 or 32 bits, read in blocks, mixed to mono and resampled."""

    live = False

    def __init__(self, path: Path, content: IO[bytes] | None = None) -> None:
        """Open a file.

        Args:
            path: path of the file; only used in messages if `content` is given.
            content: open binary file, such as a member of an archive.

        Raises:
            InputError: the file is missing, damaged or empty, or its encoding is not supported.
        """
        self.name = str(path)
        try:
            self._file = wave.open(content or str(path), "rb")  # noqa: SIM115
        except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: wrong chunk sizes
            raise InputError(f"{path} is not a valid WAV file: {error or 'truncated'}") from error
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
        self.rate, self.channels = self._file.getframerate(), self._file.getnchannels()
        self._width = self._file.getsampwidth()
        try:
            self._check()
            self._resample = Resampler(self.rate)
        except InputError as error:
            self._file.close()
            raise InputError(f"{path}: {error}") from error
        self._blocks = self.blocks()

    def read(self) -> npt.NDArray[np.float32] | None:
        """Return the next block; None at the end."""
        return next(self._blocks, None)

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the rest of the file in blocks of 0.1 s."""
        while content := self._file.readframes(max(1, self.rate // 10)):
            yield self._resample(_samples(content, self._width, self.channels))
        yield self._resample.finish()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def changes(self) -> str:
        """Describe the conversions, such as "2 channels mixed down"; empty if there are none."""
        done = []
        if self.channels > 1:
            done.append(f"{self.channels} channels mixed down")
        if self.rate != RATE:
            done.append(f"resampled from {self.rate:,} to {RATE:,} Hz")
        return ", ".join(done)

    def _check(self) -> None:
        if not 1 <= self.channels <= _MAX_CHANNELS:
            raise InputError(f"{self.channels} channels: must be 1 to {_MAX_CHANNELS}")
        if self._width not in (*_ENCODINGS, 3):
            raise InputError(f"{8 * self._width} bits per sample: must be 8, 16, 24 or 32")
        if self._file.getnframes() == 0:
            raise InputError("the file does not contain audio")


def read_wave(path: Path, content: IO[bytes] | None = None) -> npt.NDArray[np.float32]:
    """Read a whole WAV file.

    Args:
        path: path of the file; only used in messages if `content` is given.
        content: open binary file.

    Returns:
        Mono samples at `RATE`, float32 [n], -1..1.

    Raises:
        InputError: see `WaveFile`.
    """
    file = WaveFile(path, content)
    try:
        return np.concatenate(list(file.blocks()))
    finally:
        file.close()


def _samples(content: bytes, width: int, channels: int) -> npt.NDArray[np.float32]:
    """Convert frames of a WAV file to mono samples; an incomplete last frame is dropped."""
    content = content[: len(content) // (width * channels) * width * channels]
    if width == 3:
        # Place the 24 bits in the upper three bytes of an int32 to keep the sign.
        padded = np.zeros((len(content) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        values, width = padded.view("<i4")[:, 0].astype(np.float32), 4
    else:
        values = np.frombuffer(content, _ENCODINGS[width]).astype(np.float32)
    if width == 1:
        values -= 128  # 8 bits are unsigned
    values /= np.float32(1 << (8 * width - 1))
    return values if channels == 1 else values.reshape(-1, channels).mean(axis=1)
