"""A video of the frames with boxes, labels and bars drawn in."""

import errno
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from device.errors import InputError
from device.face import Face
from device.frame import Result
from device.geometry import Box
from device.image.draw import draw_on
from device.sinks.base import Sink
from device.system.atomic_file import make_folder, replacing
from device.system.opencv_log import suppress_opencv_log

CODECS = {".avi": "MJPG", ".mp4": "mp4v"}
FPS = 15.0
"""Frames per second of the video if the source's rate is unknown."""

_RESERVE = 8 << 20  # bytes to keep free on the disk, as the index is written at the end
_LONGEST_STILL = 1.0  # seconds for which a frame is repeated when a live source pauses

log = logging.getLogger(__name__)


class VideoSink(Sink):
    """Writes an annotated video, which gets its name when it is complete.

    Every frame of a file is written once. Frames of a live source arrive irregularly, so each is
    repeated or skipped according to the clock, and the video plays in real time.
    """

    def __init__(self, path: Path, *, fps: Callable[[], float] = lambda: FPS) -> None:
        """Check the path; the first frame creates the file and sets its size.

        Args:
            path: file with suffix .avi (motion JPEG) or .mp4 (MPEG-4 part 2); must not exist.
            fps: returns the frames per second when the first frame arrives; 0 means 15.

        Raises:
            InputError: the file exists, has another suffix, or its folder cannot be created.
        """
        if path.suffix.lower() not in CODECS:
            raise InputError(f"{path}: the name of a video must end in {' or '.join(CODECS)}")
        if path.exists():
            raise InputError(f"{path} exists: give another name; videos are never overwritten")
        make_folder(path.parent)
        self.name = str(path)
        self._ask_fps = fps
        self._fps = FPS
        self._path = self._partial = path
        self._file = ExitStack()
        self._video: cv2.VideoWriter | None = None
        self._canvas = np.empty((0, 0, 3), np.uint8)
        self._written = 0
        self._clock = 0.0  # time of the video's next frame, on the source's clock

    def write(self, result: Result) -> None:
        """Draw and write a frame."""
        if self._video is None:
            self._video = self._begin(result)
            self._clock = result.frame.time
        free = os.statvfs(self._path.parent)
        if free.f_bavail * free.f_frsize < _RESERVE:  # OpenCV does not report a full disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        due = self._due(result)
        if due:
            self._draw(result)
        with suppress_opencv_log():  # a full disk: `close` reports it
            for _ in range(due):
                self._video.write(self._canvas)
                self._written += 1

    def close(self) -> None:
        """Finish the file and rename it; an incomplete file gets another name."""
        if self._video is None:
            return
        self._video.release()
        self._video = None
        with self._file:
            if not _is_whole(self._partial, self._written):
                found = _readable_frames(self._partial)
                kept = self._path.with_stem(f"{self._path.stem}-incomplete-{os.getpid()}")
                self._partial.replace(kept)
                raise InputError(
                    f"{self._path}: {found} of {self._written} frames can be read (is the disk "
                    f"full?); the readable part was kept as {kept}"
                )

    def _begin(self, result: Result) -> cv2.VideoWriter:
        height, width = result.frame.image.shape[:2]
        height, width = (
            max(2, height - height % 2),
            max(2, width - width % 2),
        )  # codecs: even
        self._partial = self._file.enter_context(replacing(self._path))
        codec = cv2.VideoWriter_fourcc(*CODECS[self._path.suffix.lower()])  # type: ignore[attr-defined,unused-ignore]
        self._fps = self._ask_fps() or FPS
        with suppress_opencv_log():
            video = cv2.VideoWriter(
                str(self._partial.absolute()), codec, self._fps, (width, height)
            )
        if not video.isOpened():
            raise InputError(f"{self._path}: cannot be written as a video of {width} x {height}")
        self._canvas = np.empty((height, width, 3), np.uint8)
        return video

    def _draw(self, result: Result) -> None:
        image = result.frame.image
        height, width = self._canvas.shape[:2]
        fits = abs(image.shape[0] - height) < 2 and abs(image.shape[1] - width) < 2
        fits = fits and image.shape[0] >= height and image.shape[1] >= width
        scale = (1.0, 1.0) if fits else (width / image.shape[1], height / image.shape[0])
        shown = image[:height, :width] if fits else cv2.resize(image, (width, height))
        if shown.ndim == 2:
            cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR, dst=self._canvas)
        else:
            np.copyto(self._canvas, shown)
        draw_on(self._canvas, [_scaled(face, scale) for face in result.faces])

    def _due(self, result: Result) -> int:
        """Number of times to write the frame: once, or by the clock for a live source."""
        if not result.live:
            return 1
        late = result.frame.time - self._clock
        self._clock += max(0.0, late - _LONGEST_STILL)
        count = max(0, int((result.frame.time - self._clock) * self._fps) + 1)
        self._clock += count / self._fps
        return count


def _readable_frames(path: Path) -> int:
    """Count the readable frames of a broken video."""
    with suppress_opencv_log():
        video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
        found = 0
        while video.grab():
            found += 1
        video.release()
    return found


def _is_whole(path: Path, frames: int) -> bool:
    """Whether a video has this many frames, by its header and by reading the last one."""
    with suppress_opencv_log():
        video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
        whole = video.get(cv2.CAP_PROP_FRAME_COUNT) >= frames
        whole = whole and video.set(cv2.CAP_PROP_POS_FRAMES, frames - 1) and video.grab()
        video.release()
    return whole


def _scaled(face: Face, scale: tuple[float, float]) -> Face:
    """Convert a face to pixels of the video."""
    across, down = scale
    x, y, w, h = face.box
    box = Box(round(x * across), round(y * down), round(w * across), round(h * down))
    marks = face.landmarks
    return replace(
        face, box=box, landmarks=None if marks is None else marks * np.array(scale, np.float32)
    )
