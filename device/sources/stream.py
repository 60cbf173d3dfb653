"""Streams over the network: RTSP, and HTTP as multipart JPEG or anything FFmpeg knows."""

import re

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.sources.capture import Capture
from device.system.opencv_log import suppress_opencv_log

SCHEMES = ("rtsp", "rtsps", "http", "https", "tcp", "udp")

_TIMEOUT = 5000  # milliseconds without an answer


class Stream(Capture):
    """A stream over the network; one that breaks or falls silent for 5 s is opened again."""

    def __init__(self, address: str) -> None:
        """Note the address.

        Args:
            address: a URL; user and password in it are used and never logged.
        """
        self.name = without_password(address)
        self._address = address
        self._stream: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Connect; InputError when nothing answers within 5 s."""
        options = {
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: _TIMEOUT,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC: _TIMEOUT,
            cv2.CAP_PROP_N_THREADS: 1,
        }
        with suppress_opencv_log():
            flat = [value for option in options.items() for value in option]
            stream = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, flat)
        if not stream.isOpened():
            raise InputError(
                f"{self.name} cannot be opened: check the address, the network, user and password"
            )
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


def without_password(address: str) -> str:
    """Give an address fit for logs: neither user, password nor query, which may hold a token."""
    return re.sub(r"^(\w+://)([^/@]*@)?([^?#]*).*$", r"\1\3", address, flags=re.DOTALL)
