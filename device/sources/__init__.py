"""Sources of frames: images, videos, cameras, streams, standard input."""

import re
import stat
from pathlib import Path
from typing import get_args

import cv2

from device.errors import InputError
from device.sources.animation import Animation, is_animated_file
from device.sources.base import Source
from device.sources.camera import Camera
from device.sources.capture import CapturedSource
from device.sources.image_files import ENDINGS, ImageFiles
from device.sources.jpegs import is_raw_mjpeg
from device.sources.picamera import PiCamera
from device.sources.stdin import Format, JpegStdin, RawStdin
from device.sources.stream import SCHEMES, Stream
from device.sources.video import VideoFile
from device.system.opencv_log import suppress_opencv_log
from device.system.redact import redact_url

__all__ = ["Source", "open_source"]


def open_source(
    spec: str,
    *,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    stdin_format: Format = "mjpeg",
    every_frame: bool = False,
) -> Source:
    """Open the source given by a command-line argument.

    Cameras and streams are opened on the first read.

    Args:
        spec: path of an image, folder or video; "/dev/videoN" or its number; "picamera"; URL of a
            stream such as rtsp://…; "-" for standard input.
        width: width in pixels, requested from a camera or of raw frames on standard input.
        height: height in pixels, requested from a camera or of raw frames on standard input.
        fps: frames per second, requested from a camera; for images of a folder, raw motion JPEG and
            standard input, the rate from which their times are computed.
        stdin_format: format of frames on standard input.
        every_frame: whether to read every frame of a pipe on standard input, not only the newest.

    Raises:
        InputError: the source does not exist or is of an unknown kind.
    """
    if spec == "-":
        if stdin_format not in get_args(Format):
            raise InputError(f"stdin format {stdin_format}: give {', '.join(get_args(Format))}")
        if stdin_format == "mjpeg":
            return CapturedSource(JpegStdin(every_frame=every_frame, fps=fps))
        raw = RawStdin(stdin_format, width=width, height=height, every_frame=every_frame, fps=fps)
        return CapturedSource(raw)
    if spec == "picamera":
        return CapturedSource(PiCamera(width=width, height=height, fps=fps))
    if address := re.match(r"([A-Za-z][\w+.-]*)://", spec):
        if address[1].lower() not in SCHEMES:
            raise InputError(
                f"{redact_url(spec)}: {address[1]} is not a stream that can be read; use "
                f"{', '.join(sorted(SCHEMES))}"
            )
        return CapturedSource(Stream(spec))
    if spec.isdecimal() or spec.startswith("/dev/"):
        return CapturedSource(Camera(spec, width=width, height=height, fps=fps))
    return _open_file(Path(spec), fps)


def _open_file(path: Path, fps: float | None) -> Source:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return ImageFiles(path, fps=fps)
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for its writer
            raise InputError(
                f"{path} is not a regular file: for a pipe use fer-edge run - < {path}"
            )
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{redact_url(str(path)) if '@' in str(path) else path}: no such image, folder or "
            "video (cameras are /dev/videoN or picamera, streams start with rtsp:// or similar)"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from error
    if status.st_size == 0:
        raise InputError(f"{path} is empty")
    if is_animated_file(path):
        return Animation(path)
    if path.suffix.lower() in ENDINGS:
        return ImageFiles(path, fps=fps)
    if is_raw_mjpeg(path):
        return CapturedSource(VideoFile(path, fps))
    return ImageFiles(path, fps=fps) if _is_picture(path) else CapturedSource(VideoFile(path))


def _is_picture(path: Path) -> bool:
    """Whether the content is that of an image; a GIF may be animated, so FFmpeg reads it."""
    with suppress_opencv_log():
        return path.suffix.lower() != ".gif" and cv2.haveImageReader(str(path))
