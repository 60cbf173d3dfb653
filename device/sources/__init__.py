"""Where frames come from: pictures, videos, cameras, streams, standard input."""

import re
from pathlib import Path
from typing import get_args

import cv2

from device.errors import InputError
from device.sources.base import Source
from device.sources.camera import Camera
from device.sources.capture import CapturedSource
from device.sources.image_files import ENDINGS, ImageFiles
from device.sources.picamera import PiCamera
from device.sources.stdin import Format, JpegStdin, RawStdin
from device.sources.stream import SCHEMES, Stream, without_password
from device.sources.video import VideoFile
from device.system.opencv_log import suppress_opencv_log

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
    """Pick the source that a word on the command line means. Cameras open at the first read.

    Args:
        spec: a picture, folder or video file; "/dev/videoN" or its number; "picamera"; an address
            that starts with rtsp://, http:// or the like; "-" for standard input.
        width: pixels, asked of cameras; of raw frames on standard input.
        height: pixels, likewise.
        fps: frames a second, asked of cameras; the rate of pictures in a folder or on standard
            input, for their times.
        stdin_format: what comes on standard input.
        every_frame: keep every frame of a pipe on standard input, instead of the newest.

    Raises:
        InputError: there is no such thing, or it is none of these.
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
    if address := re.match(r"(\w+)://", spec):
        if address[1].lower() not in SCHEMES:
            raise InputError(
                f"{without_password(spec)}: {address[1]} is no stream; use {', '.join(SCHEMES)}"
            )
        return CapturedSource(Stream(spec))
    if spec.isdecimal() or spec.startswith("/dev/"):
        return CapturedSource(Camera(spec, width=width, height=height, fps=fps))
    return _open_file(Path(spec), fps)


def _open_file(path: Path, fps: float | None) -> Source:
    if path.is_dir():
        return ImageFiles(path, fps=fps)
    try:
        empty = path.stat().st_size == 0
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such picture, folder or video (cameras are /dev/videoN or picamera)"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if empty:
        raise InputError(f"{path} is empty")
    return ImageFiles(path, fps=fps) if _is_picture(path) else CapturedSource(VideoFile(path))


def _is_picture(path: Path) -> bool:
    """Go by the ending where it says it, else by the content; a GIF may be animated."""
    ending = path.suffix.lower()
    with suppress_opencv_log():
        return ending in ENDINGS or (ending != ".gif" and cv2.haveImageReader(str(path)))
