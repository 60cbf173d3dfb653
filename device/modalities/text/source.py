"""Sources of text lines: standard input, files and named pipes."""

import os
import select
import stat
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from device.errors import InputError
from device.modalities.text.lines import MAX_LINE, LineSplitter, text_of
from device.modalities.text.subtitles import cues
from device.system.read_file import read_file

LINE_INTERVAL = 3.0
"""Seconds between two lines of a file without timestamps."""

_MAX_FILE = 64 << 20  # bytes
_POLL = 0.2  # seconds between two checks of the stop event
_PIECE = 1 << 16  # bytes: the capacity of a pipe


class TextSource(ABC):
    """A source of text lines.

    Attributes:
        name: name of the source in the log.
    """

    name: str

    @abstractmethod
    def open(self) -> None:
        """Open the source; raises InputError if it cannot be opened."""

    @abstractmethod
    def lines(self, stop: threading.Event) -> Iterator[str]:
        """Yield lines as they arrive, empty ones included, until the end or until `stop`."""

    @abstractmethod
    def close(self) -> None:
        """Close the source."""


class PipedText(TextSource):
    """Lines from standard input or a named pipe."""

    def __init__(self, path: Path | None) -> None:
        """Initialize the source without opening it.

        Args:
            path: path of a named pipe; None for standard input.
        """
        self.name = "stdin" if path is None else str(path)
        self._path = path
        self._file = 0

    def open(self) -> None:
        """Open the source; raises InputError if it is a terminal or cannot be opened."""
        if self._path is None:
            try:
                os.fstat(self._file)
            except OSError as error:
                raise InputError("--text -: stdin is closed: pipe text to it") from error
            if os.isatty(self._file):
                raise InputError("--text -: stdin is a terminal: pipe text to it or name a file")
            return
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise InputError(f"--text {self.name}: cannot be read ({error.strerror})") from error

    def lines(self, stop: threading.Event) -> Iterator[str]:
        """Yield lines as they are written."""
        splitter = LineSplitter(self.name)
        while not stop.is_set():
            if not select.select([self._file], [], [], _POLL)[0]:
                continue
            piece = os.read(self._file, _PIECE)
            if (
                not piece and self._path is not None
            ):  # the writer closed the pipe; another may open it
                stop.wait(_POLL)
                continue
            for line in splitter.feed(piece) if piece else splitter.end():
                yield text_of(line, self.name)
            if not piece:
                return

    def close(self) -> None:
        """Close the pipe; standard input stays open."""
        if self._path is not None and self._file:
            os.close(self._file)
            self._file = 0


class TextFile(TextSource):
    """A file: subtitles at their timestamps, other lines at a fixed interval."""

    def __init__(self, path: Path) -> None:
        """Initialize with a path; `.srt` and `.vtt` are read as subtitles."""
        self.name = str(path)
        self._path = path
        self._cues: list[tuple[float, str]] = []

    def open(self) -> None:
        """Read the file; raises InputError if it is not UTF-8, too large or without text."""
        content = read_file(self._path, "--text file", limit=_MAX_FILE)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"--text {self.name}: line {line} is not UTF-8: save the file as UTF-8"
            ) from error
        if self._path.suffix.lower() in (".srt", ".vtt"):
            self._cues = cues(text)
        else:
            self._cues = self._read_lines(content)
        if not self._cues:
            raise InputError(f"--text {self.name}: the file does not contain text")

    def lines(self, stop: threading.Event) -> Iterator[str]:
        """Yield each line at its time, counted from the call."""
        start = time.monotonic()
        for seconds, text in self._cues:
            if stop.wait(max(0.0, start + seconds - time.monotonic())):
                return
            yield text

    def close(self) -> None:
        """Do nothing: the file is read whole by `open`."""

    def _read_lines(self, content: bytes) -> list[tuple[float, str]]:
        lines = content.split(b"\n")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_LINE:
                raise InputError(
                    f"--text {self.name}: line {number} has {len(line):,} bytes; the limit "
                    f"is {MAX_LINE:,}"
                )
        texts = [text for line in lines if (text := text_of(line, self.name))]
        return [(at * LINE_INTERVAL, text) for at, text in enumerate(texts)]


def open_text(spec: str) -> TextSource:
    """Return the text source for a path; `-` is standard input.

    Raises:
        InputError: the file does not exist.
    """
    if spec == "-":
        return PipedText(None)
    path = Path(spec)
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"--text {spec}: cannot be read ({reason})") from error
    return PipedText(path) if stat.S_ISFIFO(kind) else TextFile(path)
