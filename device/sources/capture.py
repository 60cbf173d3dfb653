"""Captures images in a separate thread: one writer, one slot, one reader."""

import logging
import os
import threading
import time
from abc import ABC, abstractmethod

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.frame import Frame
from device.sources.base import Source
from device.system.opencv_log import suppress_opencv_log

MIN_RETRY_DELAY, MAX_RETRY_DELAY = 0.5, 30.0
"""Seconds before the first attempt to reopen a lost source, and maximum between two attempts."""

# FFmpeg would log to standard error without limit, including the address with its password.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_POLL = 0.1  # seconds between two checks of `stop` while no frame arrives
_TIMEOUT = 0.3  # seconds to wait for a capture in progress when closing

log = logging.getLogger(__name__)


class Capture(ABC):
    """A blocking reader of images: camera, stream, video.

    All methods run in the capture thread, so that a hanging driver or network cannot keep the loop
    from ending.

    Attributes:
        name: name in the log and the results, without passwords.
        live: whether images arrive in real time.
        reopens: whether it is opened again after it ends.
        fps: images per second once open; 0 if unknown.
        time: position in seconds of the last image; only set by files.
        skipped: number of damaged images.
    """

    name: str
    live = True
    reopens = True
    fps = 0.0
    time = 0.0
    skipped = 0

    @abstractmethod
    def open(self) -> None:
        """Open the camera, stream or file.

        Raises:
            InputError: it cannot be opened; the message states what to check.
        """

    @abstractmethod
    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next image.

        Args:
            buffer: unused image of an earlier call, to be reused if its shape matches.

        Returns:
            uint8 [h, w, 3] BGR or uint8 [h, w]; None at the end.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it; it may be opened again."""


class CapturedSource(Source):
    """Reads a capture in its own thread, into three rotating buffers.

    The reader holds one, one is in the slot, the thread fills the third. For a live source, a newer
    image replaces an unread one in the slot; for a file, every image waits until it is read.
    """

    def __init__(self, capture: Capture) -> None:
        """Create the source; the first read starts the thread and opens the capture.

        Args:
            capture: reader of the images, not used elsewhere.
        """
        self.name = capture.name
        self.live = capture.live
        self._capture = capture
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._slot: Frame | None = None
        self._held: Frame | None = None
        self._spare: list[npt.NDArray[np.uint8]] = []
        self._number = 0
        self._ended = False
        self._error: BaseException | None = None

    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Return the newest unread frame of a live source, or a file's next one; see `Source`."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="capture", daemon=True)
            thread.start()
            self._thread = thread
        with self._changed:
            if self._held is not None:
                self._spare.append(self._held.image)
                self._held = None
            while self._slot is None:
                if self._error is not None:
                    raise self._error
                if self._ended or self._closing.is_set() or (stop is not None and stop.is_set()):
                    return None
                self._changed.wait(_POLL)
            self._held, self._slot = self._slot, None
            self._changed.notify_all()
            return self._held

    def close(self) -> None:
        """End the thread; a hanging thread is abandoned, see `hung`."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_TIMEOUT)
            self.hung = self._thread.is_alive()

    def _run(self) -> None:
        with suppress_opencv_log():  # drivers warn for every frame; read() reports once
            self._capture_all()

    def _capture_all(self) -> None:
        try:
            self._capture.open()
            self.fps = self._capture.fps
            while not self._closing.is_set():
                image = self._read()
                if image is not None:
                    self._hand_over(image)
                elif self._number == 0:
                    raise InputError(f"{self.name} opens but provides no image: is it in use?")
                elif not self._capture.reopens or not self._reopen():
                    break
        except BaseException as error:  # raised again by read()
            self._error = error
        finally:
            self._capture.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _read(self) -> npt.NDArray[np.uint8] | None:
        with self._changed:
            buffer = self._spare.pop() if self._spare else None
        try:
            return self._capture.read(buffer)
        except cv2.error as error:  # an error of a driver or codec ends the session, not the run
            log.warning("%s: %s", self.name, " ".join(str(error).split()))
            return None

    def _hand_over(self, image: npt.NDArray[np.uint8]) -> None:
        with self._changed:
            while self._slot is not None and not self.live and not self._closing.is_set():
                self._changed.wait()
            if self._slot is not None:
                self._spare.append(self._slot.image)
                self.dropped += 1
            moment = time.monotonic() if self.live else self._capture.time
            self._slot = Frame(image, self._number, moment, self.name)
            self._number += 1
            self.skipped = self._capture.skipped
            self._changed.notify_all()

    def _reopen(self) -> bool:
        """Reopen a lost source; False if the loop ended before."""
        lost, wait = time.monotonic(), MIN_RETRY_DELAY
        log.warning("%s provides no more images: reopening it", self.name)
        while True:
            self._capture.close()
            if self._closing.wait(wait):
                return False
            wait = min(2 * wait, MAX_RETRY_DELAY)
            try:
                self._capture.open()
                image = self._read()
                reason = "opens but provides no image"
            except InputError as error:
                image, reason = None, str(error)
            if image is not None:
                log.warning("%s is back after %.0f s", self.name, time.monotonic() - lost)
                self._hand_over(image)
                return True
            log.warning(
                "%s is still unavailable, next attempt in %.0f s (%s)", self.name, wait, reason
            )
