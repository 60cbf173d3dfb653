"""What takes the results of the loop."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from device.frame import Result


class BrokenOutput(Exception):
    """Who read this sink's output has closed it, as `head` does: the run is over."""


class Sink(ABC):
    """Takes each result; a context manager that closes what it opened.

    A sink that cannot write raises OSError from `write`; the loop logs it, counts the result as
    lost for this sink and goes on: a full disk may have room again.

    Attributes:
        name: what the log calls it, such as its file.
    """

    name: str

    @abstractmethod
    def write(self, result: Result) -> None:
        """Take one result. It and its picture are overwritten afterwards: copy what is kept.

        Raises:
            OSError: this result is lost, a later one may work.
            BrokenOutput: nothing can be written any more.
        """

    @abstractmethod
    def close(self) -> None:
        """Write out what is held back and let go of files and connections.

        Raises:
            InputError: what was written is not whole.
        """

    def __enter__(self) -> Self:
        """Give the sink itself, open since it was made."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, whatever ended the run."""
        self.close()
