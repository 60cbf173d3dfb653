"""Audio of any file or URL that FFmpeg can decode, through PyAV (extra `audio`)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.modalities.audio.features import RATE
from device.modalities.audio.source import BLOCK, EXTRA
from device.system.redact import redact_url

_TIMEOUT = 5.0  # seconds without data
_LIVE = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srtp", "srt", "udp", "tcp"})


class Decoded:
    """The first audio stream of a file or URL, decoded and resampled by FFmpeg, mixed to mono."""

    def __init__(self, address: str) -> None:
        """Open the file or connect to the URL.

        Args:
            address: path or URL; user and password in a URL are never logged.

        Raises:
            InputError: PyAV is not installed, or the file or URL has no readable audio.
        """
        try:
            import av
        except ImportError as error:
            raise InputError(f"{redact_url(address)}: decoding needs PyAV: {EXTRA}") from error
        self.name = redact_url(address)
        self.live = address.partition("://")[0].lower() in _LIVE
        self._failed = (av.error.FFmpegError, OSError, ValueError)
        try:
            self._container = av.open(address, timeout=_TIMEOUT)
        except self._failed as error:
            raise InputError(f"{self.name} cannot be opened as audio: {_reason(error)}") from error
        if not self._container.streams.audio:
            self._container.close()
            raise InputError(f"{self.name} has no audio stream")
        self._resampler = av.AudioResampler("fltp", None, RATE, frame_size=BLOCK)
        self._blocks = self._decode()

    def read(self) -> npt.NDArray[np.float32] | None:
        """Return the next block; None at the end."""
        try:
            return next(self._blocks, None)
        except self._failed as error:
            raise InputError(f"{self.name}: reading failed: {_reason(error)}") from error

    def close(self) -> None:
        """Close the file or the connection."""
        self._container.close()

    def _decode(self) -> Iterator[npt.NDArray[np.float32]]:
        for frame in self._container.decode(audio=0):
            yield from map(_block, self._resampler.resample(frame))
        yield from map(_block, self._resampler.resample(None))


def _block(frame: Any) -> npt.NDArray[np.float32]:
    """Mix to mono by the mean, as for WAV files; FFmpeg's own downmix sums channels."""
    samples: npt.NDArray[np.float32] = frame.to_ndarray().mean(axis=0)
    return samples


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
