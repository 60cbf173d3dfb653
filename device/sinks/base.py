"""The interface of outputs."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from device.frame import Result


class BrokenOutput(Exception):
    """The reader of this sink's output has closed it, as `head` does; the run ends."""


class Sink(ABC):
    """Writes each result; a context manager that closes what it opened.

    A sink that cannot write raises OSError from `write`; the loop logs it, counts the result as
    lost for this sink and continues, since a full disk may have space again later.

    Attributes:
        name: name in the log, such as the file name.
    """

    name: str

    @abstractmethod
    def write(self, result: Result) -> None:
        """Write one result, which is overwritten afterwards, including its image: copy to keep.

        Raises:
            OSError: this result is lost; later ones may be written.
            BrokenOutput: no further result can be written.
        """

    @abstractmethod
    def close(self) -> None:
        """Flush and close files and connections.

        Raises:
            InputError: the output is not complete.
        """

    def __enter__(self) -> Self:
        """Return the sink itself; its constructor opened it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the sink."""
        self.close()
