"""Where frames come from."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from device.frame import Frame


class Source(ABC):
    """Gives frames one after another; a context manager that lets go of the camera or file.

    Attributes:
        name: what the log and the results call it.
        live: whether frames come by the clock, so that only the newest is worth having; the
            others are read one by one, none left out.
        fps: frames a second, 0 where unknown.
        dropped: frames that were replaced by a newer one before they were read.
        skipped: pictures that could not be decoded and were left out.
        hung: whether closing left behind a thread that hangs in a driver or in the network. Python
            before 3.14 aborts when such a process ends; `os._exit` ends it well.
    """

    name: str
    live: bool = False
    fps: float = 0.0
    dropped: int = 0
    skipped: int = 0
    hung: bool = False

    @abstractmethod
    def read(self, stop: threading.Event | None = None) -> Frame | None:
        """Give the next frame, waiting for it.

        Args:
            stop: when it is set, a read that waits gives up within a tenth of a second.

        Returns:
            the frame, overwritten by the next read; None at the end or when stopped.

        Raises:
            InputError: the source cannot be opened, or what it gives is no picture.
        """

    def close(self) -> None:
        """Let go of the camera, file or connection."""
        return

    def __enter__(self) -> Self:
        """Give the source itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, whatever ended the run."""
        self.close()
