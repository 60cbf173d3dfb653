"""Video files."""

import logging
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.sources.capture import Capture
from device.system.opencv_log import suppress_opencv_log

log = logging.getLogger(__name__)


class VideoFile(Capture):
    """Every frame of a video file, decoded by FFmpeg in one thread."""

    live = False
    reopens = False

    def __init__(self, path: Path, fps: float | None = None) -> None:
        """Set the file; `open` opens it.

        Args:
            path: path of any container that OpenCV's FFmpeg reads, including animated GIF and raw
                motion JPEG.
            fps: frames per second for a file without times; None for the rate stated in the file.
        """
        self._given_fps = fps
        self.name = path.name
        self._path = path
        self._video: cv2.VideoCapture | None = None
        self._frames = 0
        self._expected = 0

    def open(self) -> None:
        """Open the file; raises InputError if it is not a video."""
        with suppress_opencv_log():
            # An absolute path, as FFmpeg takes "a:b.mp4" for a URL.
            video = cv2.VideoCapture(
                str(self._path.absolute()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]
            )
        if not video.isOpened():
            raise InputError(
                f"{self._path} is not an image or video that OpenCV can read, or is cut short: "
                "open it in a player; convert it to MP4 or AVI"
            )
        self._video = video
        fps = video.get(cv2.CAP_PROP_FPS)
        self.fps = self._given_fps or (fps if 0 < fps < 1000 else 0.0)
        count = video.get(cv2.CAP_PROP_FRAME_COUNT)
        self._expected = int(count) if 0 < count < 1e9 else 0

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Decode the next frame."""
        assert self._video is not None
        found, image = self._video.read(buffer)
        if not found:
            self._end()
            return None
        position = self._video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some containers store only a frame rate and no times.
        by_rate = self._given_fps or (self.fps and position <= 0)
        self.time = self._frames / self.fps if by_rate else position
        self._frames += 1
        return image

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.release()
            self._video = None

    def _end(self) -> None:
        if not self._frames:
            raise InputError(f"{self._path} contains no frame that OpenCV can decode")
        if self._frames < 0.98 * self._expected:  # the header's count is an estimate
            log.warning(
                "%s ends after %d frames, its header says %d: is it cut short?",
                self.name,
                self._frames,
                self._expected,
            )
