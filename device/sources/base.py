"""The interface of sources of frames."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from device.frame import Frame


class Source(ABC):
    """Provides frames in order; a context manager that closes the camera or file.

    Attributes:
        name: name in the log and the results.
        live: whether frames arrive in real time, so that only the newest is read; otherwise every
            frame is read.
        fps: frames per second; 0 if unknown.
        dropped: number of frames that were replaced by a newer one before they were read.
        skipped: number of images that could not be decoded.
        hung: whether closing left a thread that hangs in a driver or in the network. Python before
            3.14 aborts when such a process ends; use `os._exit`.
    """

    name: str
    live: bool = False
    fps: float = 0.0
    dropped: int = 0
    skipped: int = 0
    hung: bool = False

    @abstractmethod
    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Wait for the next frame and return it.

        Args:
            stop: event that ends a waiting read within 0.1 s.

        Returns:
            The frame, overwritten by the next read; None at the end or if stopped.

        Raises:
            InputError: the source cannot be opened, or its data are not images.
        """

    def close(self) -> None:
        """Close the camera, file or connection."""
        return

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source."""
        self.close()
