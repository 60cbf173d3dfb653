"""Frames on standard input: concatenated JPEGs, or raw pixels."""

import logging
import os
import stat
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.image.decode import decode
from device.sources.capture import Capture
from device.sources.jpegs import Splitter

Format = Literal["mjpeg", "bgr24", "gray", "yuv420"]

_CHUNK = 1 << 16  # bytes: the capacity of a pipe
_MAX_JPEG = 64 << 20  # maximum size of a JPEG in bytes

log = logging.getLogger(__name__)


class _Stdin(Capture):
    """Standard input; a pipe is live, a redirected file is read completely."""

    name = "stdin"
    reopens = False

    def __init__(self, *, every_frame: bool, fps: float | None) -> None:
        self._file = 0
        try:
            kind = os.fstat(self._file).st_mode
        except OSError as error:
            raise InputError("stdin is closed: pipe frames into it") from error
        self.live = not every_frame and not stat.S_ISREG(kind)
        self.fps = fps or 0.0
        self._frames = 0

    def open(self) -> None:
        """Raise InputError if standard input is a terminal."""
        if os.isatty(self._file):
            raise InputError("stdin is a terminal: pipe frames into it, or give another source")

    def close(self) -> None:
        """Leave standard input open: it belongs to the process."""

    def _count(self) -> None:
        self.time = self._frames / self.fps if self.fps else float(self._frames)
        self._frames += 1


class JpegStdin(_Stdin):
    """Concatenated JPEGs, as written by `rpicam-vid --codec mjpeg -o -` and `ffmpeg -f mjpeg -`."""

    def __init__(self, *, every_frame: bool, fps: float | None) -> None:
        """Create the capture; nothing is read yet.

        Args:
            every_frame: whether to read every frame of a pipe; its writer then waits.
            fps: images per second, for the position in a file.
        """
        super().__init__(every_frame=every_frame, fps=fps)
        self._splitter = Splitter()
        self._damaged = 0

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next JPEG and decode it; damaged ones are skipped and counted."""
        while True:
            jpeg = self._splitter.next()
            while jpeg is None:
                piece = os.read(self._file, _CHUNK)
                if not piece:
                    self._end()
                    return None
                self._splitter.feed(piece)
                if self._splitter.waiting > _MAX_JPEG:
                    raise InputError("stdin: a JPEG of more than 64 MB; is it motion JPEG at all?")
                jpeg = self._splitter.next()
            image = _decode(jpeg)
            if image is not None:
                self._count()
                return image
            self.skipped += 1
            log.warning("%s: a damaged JPEG was skipped", self.name)

    def _end(self) -> None:
        if self._splitter.begun:
            self.skipped += 1
            log.warning("%s ends in the middle of a JPEG", self.name)
        if not self._frames:
            raise InputError(
                "stdin contained no JPEG: pipe motion JPEG into it, or give --stdin-format bgr24 "
                "with --width and --height for raw frames"
            )


class RawStdin(_Stdin):
    """Concatenated raw frames of a known size, without headers."""

    def __init__(
        self,
        form: Format,
        *,
        width: int | None,
        height: int | None,
        every_frame: bool,
        fps: float | None,
    ) -> None:
        """Check the size.

        Args:
            form: "bgr24" (3 bytes per pixel), "gray" (1), "yuv420" (planes: luma, then chroma).
            width: width in pixels.
            height: height in pixels.
            every_frame: whether to read every frame of a pipe; its writer then waits.
            fps: frames per second, for the position in a file.

        Raises:
            InputError: the size is missing, or odd for "yuv420".
        """
        if not width or not height:
            raise InputError("raw frames on stdin have no size: give --width and --height")
        if form == "yuv420" and (width % 2 or height % 2):
            raise InputError(f"yuv420 needs even sizes, not {width} x {height}")
        super().__init__(every_frame=every_frame, fps=fps)
        rows = height * 3 // 2 if form == "yuv420" else height
        self._shape = (rows, width, 3) if form == "bgr24" else (rows, width)
        self._planes = np.empty(self._shape, np.uint8) if form == "yuv420" else None

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next frame; the buffer is reused if its shape matches."""
        target = self._planes
        if target is None:
            fits = buffer is not None and buffer.shape == self._shape
            target = buffer if fits else np.empty(self._shape, np.uint8)
        assert target is not None
        if not self._fill(target.reshape(-1)):
            return None
        self._count()
        if self._planes is None:
            return target
        return cv2.cvtColor(self._planes, cv2.COLOR_YUV2BGR_I420, dst=buffer)

    def _fill(self, target: npt.NDArray[np.uint8]) -> bool:
        view = memoryview(target.data)
        filled = 0
        while filled < len(view):
            count = os.readv(self._file, [view[filled:]])
            if not count:
                break
            filled += count
        if 0 < filled < len(view):
            self.skipped += 1
            log.warning("%s ends in the middle of a frame: are width and height right?", self.name)
        if filled < len(view) and not self._frames:
            raise InputError(f"stdin contained {filled} bytes, less than a frame of {len(view)}")
        return filled == len(view)


def _decode(jpeg: bytes) -> npt.NDArray[np.uint8] | None:
    try:
        return decode(jpeg)
    except InputError as error:
        log.warning("skipped: a frame %s", error)
        return None
