"""USB and other cameras of Video4Linux."""

import errno
import os
import stat
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.sources.capture import Capture
from device.system.opencv_log import suppress_opencv_log


class Camera(Capture):
    """A Video4Linux camera by number or device file; on other systems by number."""

    def __init__(
        self, device: str, *, width: int | None, height: int | None, fps: float | None
    ) -> None:
        """Set the camera and the requested mode; the camera uses the nearest supported one.

        Args:
            device: number, or path such as "/dev/video0" or "/dev/v4l/by-id/…".
            width: width in pixels; None for the camera's default.
            height: height in pixels; None for the camera's default.
            fps: frames per second; None for the camera's default.
        """
        self.name = f"/dev/video{device}" if device.isdecimal() else device
        self._number = int(device) if device.isdecimal() else None
        self._wanted = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_BUFFERSIZE: 1,  # frames in the driver's queue: the next one is recent
        }
        self._camera: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Open the camera; raises InputError if it is missing, not permitted or in use."""
        with suppress_opencv_log():
            if sys.platform == "linux":
                _check_device(self.name)
                camera = cv2.VideoCapture(self.name, cv2.CAP_V4L2)
            elif self._number is not None:
                camera = cv2.VideoCapture(self._number)
            else:
                raise InputError(f"{self.name}: give the camera's number on this system")
            if not camera.isOpened():
                raise InputError(
                    f"{self.name} exists but cannot be opened: another program may use it, or it "
                    "provides no images (of two files of one camera, try the lower number)"
                )
            for option, value in self._wanted.items():
                if value is not None:
                    camera.set(option, value)
        self._camera = camera
        fps = camera.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else 0.0

    def read(self, buffer: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
        """Wait for the next frame."""
        assert self._camera is not None
        found, image = self._camera.read(buffer)
        return image if found else None

    def close(self) -> None:
        """Release the camera."""
        if self._camera is not None:
            self._camera.release()
            self._camera = None


def _check_device(name: str) -> None:
    """Raise InputError with the reason if a device file cannot be opened."""
    try:
        file = os.open(name, os.O_RDWR | os.O_NONBLOCK)
        kind = os.fstat(file).st_mode
        os.close(file)
        if stat.S_ISFIFO(kind):
            raise InputError(f"{name} is not a camera: for a pipe use fer-edge run - < {name}")
    except FileNotFoundError as error:
        found = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "no camera"
        raise InputError(
            f"{name}: no such camera; there is {found}. Is it plugged in? "
            "(A Raspberry Pi camera module is called picamera.)"
        ) from error
    except PermissionError as error:
        raise InputError(
            f"{name}: not permitted; add yourself to the group video "
            "(sudo usermod -aG video $USER, then log in again)"
        ) from error
    except OSError as error:
        reason = "in use by another program" if error.errno == errno.EBUSY else error.strerror
        raise InputError(f"{name} cannot be opened: {reason}") from error
