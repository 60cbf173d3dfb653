"""OpenCV without its own warnings, in the versions that people have."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

_SILENT = 0


@contextmanager
def suppress_opencv_log() -> Iterator[None]:
    """Within the block OpenCV prints nothing: who calls says what is wrong, in one line."""
    # OpenCV 4.12 moved these two functions.
    logging = getattr(cv2.utils, "logging", cv2)
    level = logging.getLogLevel()
    logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
