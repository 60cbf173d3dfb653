"""Network streams: RTSP, RTMP, SRT, HTTP and other protocols of FFmpeg."""

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.sources.capture import Capture
from device.system.opencv_log import suppress_opencv_log
from device.system.redact import redact_url

_SCHEMES = """
rtsp rtsps rtmp rtmpe rtmps rtmpt rtmpte rtmpts srt rtp srtp http https tcp tls udp udplite mmsh
mmst ftp unix
"""
SCHEMES = frozenset(_SCHEMES.split())
"""FFmpeg protocols for live video (https://ffmpeg.org/ffmpeg-protocols.html)."""

_OPTIONAL = frozenset({"srt"})
# FFmpeg needs a library for these, without which PyPI's OpenCV is built.

_TIMEOUT = 5000  # milliseconds without data


class Stream(Capture):
    """A network stream; reopened if it breaks or sends nothing for 5 s."""

    def __init__(self, address: str) -> None:
        """Set the address.

        Args:
            address: URL; its user and password are used and never logged.
        """
        self.name = redact_url(address)
        self._address = address
        self._stream: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Connect; raises InputError without a response within 5 s."""
        options = {
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: _TIMEOUT,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC: _TIMEOUT,
            cv2.CAP_PROP_N_THREADS: 1,
        }
        with suppress_opencv_log():
            flat = [value for option in options.items() for value in option]
            stream = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, flat)
        if not stream.isOpened():
            raise InputError(f"{self.name} cannot be opened: {self._advice()}")
        self._stream = stream
        fps = stream.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 0.0

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next frame."""
        assert self._stream is not None
        found, image = self._stream.read(buffer)
        return image if found else None

    def close(self) -> None:
        """Disconnect."""
        if self._stream is not None:
            self._stream.release()
            self._stream = None

    def _advice(self) -> str:
        scheme = self._address.partition(":")[0].lower()
        if scheme in _OPTIONAL:
            return (
                f"check the address and the network; OpenCV's FFmpeg may lack {scheme}, as in the "
                "package from PyPI: ffmpeg -i ADDRESS -q:v 3 -f mjpeg - | fer-edge run -"
            )
        return "check the address, the network, user and password"
