"""The camera module of a Raspberry Pi, through picamera2."""

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.sources.capture import Capture

WIDTH, HEIGHT, FPS = 640, 480, 30.0
"""Default mode of the camera."""


class PiCamera(Capture):
    """A Raspberry Pi camera module; picamera2 is only imported when it is opened."""

    name = "picamera"

    def __init__(self, *, width: int | None, height: int | None, fps: float | None) -> None:
        """Set the requested mode.

        Args:
            width: width in pixels; None for 640.
            height: height in pixels; None for 480.
            fps: frames per second; None for 30.
        """
        self._size = (width or WIDTH, height or HEIGHT)
        self.fps = fps or FPS
        self._camera: Any = None
        self._mapped: Any = None

    def open(self) -> None:
        """Start the camera; raises InputError without picamera2 or without a camera."""
        try:
            picamera2 = importlib.import_module("picamera2")
        except ImportError as error:
            raise InputError(
                f"picamera2 is not installed ({error}): sudo apt install python3-picamera2, "
                "and create the environment with python3 -m venv --system-site-packages"
            ) from error
        try:
            camera = picamera2.Picamera2()
            # libcamera's RGB888 is BGR in memory.
            wanted = camera.create_video_configuration(
                main={"size": self._size, "format": "RGB888"}, controls={"FrameRate": self.fps}
            )
            camera.configure(wanted)
            camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise InputError(
                f"the Raspberry Pi camera cannot be opened ({error}): check the ribbon cable, that "
                "rpicam-hello --list-cameras shows it, and that no other program uses it"
            ) from error
        self._camera, self._mapped = camera, picamera2.MappedArray

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next frame and copy it out of the camera's memory."""
        try:
            request = self._camera.capture_request()
        except (RuntimeError, OSError):
            return None
        try:
            with self._mapped(request, "main") as mapped:
                picture = mapped.array
                if buffer is None or buffer.shape != picture.shape:
                    return np.array(picture)
                np.copyto(buffer, picture)
                return buffer
        finally:
            request.release()

    def close(self) -> None:
        """Stop the camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
