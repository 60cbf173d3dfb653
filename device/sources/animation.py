"""Animated WebP, AVIF and PNG files, for which FFmpeg's support is incomplete."""

import threading
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.frame import Frame
from device.image.color import color
from device.image.decode import check_size
from device.sources.base import Source
from device.system.opencv_log import suppress_opencv_log

_HEAD = 1 << 16  # bytes within which a file declares that it is animated
_CHUNK_BYTES = 64 << 20  # bytes of decoded frames that are held at a time


def is_animated(head: bytes) -> bool:
    """Whether the first bytes of a file are those of an animated WebP, AVIF or PNG.

    Sources: the WebP container specification (VP8X flags), ISO/IEC 23000-22 (brand `avis`), the
    PNG specification, third edition (chunk acTL before IDAT).
    """
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
        return len(head) > 20 and bool(head[20] & 2)
    if head[4:8] == b"ftyp":
        return b"avis" in head[8 : int.from_bytes(head[:4], "big")]
    return head.startswith(b"\x89PNG") and b"acTL" in head.partition(b"IDAT")[0]


def is_animated_file(path: Path) -> bool:
    """Whether a file is an animated image."""
    with path.open("rb") as file:
        return is_animated(file.read(_HEAD))


class Animation(Source):
    """The frames of an animated image, at the times given in the file."""

    def __init__(self, path: Path) -> None:
        """Create the source; nothing is decoded yet.

        Args:
            path: path of an animated image.

        Raises:
            InputError: the frames are too large to decode.
        """
        with path.open("rb") as file:
            try:
                check_size(file.read(_HEAD))
            except InputError as error:
                raise InputError(f"{path} {error}") from error
        self.name = path.name
        self._path = path
        self._frames: list[npt.NDArray[np.uint8]] = []
        self._durations: list[float] = []  # milliseconds, for `_frames`
        self._first = 0  # number of the first of `_frames`
        self._next = 0
        self._time = 0.0
        self._chunk = 1  # the size is known after the first frame

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the next frame; raises InputError if the file has none."""
        if stop is not None and stop.is_set():
            return None
        if self._next == self._first + len(self._frames) and not self._load():
            return None
        index = self._next - self._first
        frame = Frame(color(self._frames[index]), self._next, self._time, self.name)
        self._time += self._durations[index] / 1000
        self._next += 1
        return frame

    def _load(self) -> bool:
        """Decode as many of the next frames as the limit allows; False at the end."""
        try:
            with suppress_opencv_log():
                found, animation = cv2.imreadanimation(str(self._path), self._next, self._chunk)
        except cv2.error:
            found = False
        self._frames = list(animation.frames) if found else []
        self._first = self._next
        if not self._frames:
            if self._next == 0:
                raise InputError(f"{self._path} contains no frame that OpenCV can decode")
            return False
        self._durations = [float(duration) for duration in animation.durations]
        self._chunk = max(1, _CHUNK_BYTES // self._frames[0].nbytes)
        return True
