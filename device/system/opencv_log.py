"""Suppresses OpenCV's own log messages, in all supported versions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

_SILENT = 0

_lock = threading.Lock()
_depth = 0  # number of active blocks in all threads, as the level is global to the process
_level = 0  # log level before the first of them


@contextmanager
def suppress_opencv_log() -> Iterator[None]:
    """Suppress OpenCV's output within the block; the caller reports errors, in one line.

    Blocks may overlap in several threads: output is restored after the end of the last one.
    """
    global _depth, _level
    # OpenCV 4.12 moved these two functions.
    logging = getattr(cv2.utils, "logging", cv2)
    with _lock:
        if not _depth:
            _level = logging.getLogLevel()
            logging.setLogLevel(_SILENT)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if not _depth:
                logging.setLogLevel(_level)
