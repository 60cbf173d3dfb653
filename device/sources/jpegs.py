"""Splits a stream of bytes into JPEGs (motion JPEG)."""

import re
from pathlib import Path

_START = b"\xff\xd8\xff"
_END = 0xD9
_SCAN = 0xDA
# In a scan 0xFF is data if followed by 0, a restart marker if followed by D0..D7, and a fill byte
# if followed by another 0xFF (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")

_SCANNED = 64 << 20  # bytes at the start of a file in which a second JPEG is searched


def is_raw_mjpeg(path: Path) -> bool:
    """Whether a file is motion JPEG without a container: one JPEG directly after another."""
    splitter = Splitter()
    with path.open("rb") as file:
        if file.read(len(_START)) != _START:
            return False
        splitter.feed(_START)
        while file.tell() < _SCANNED and (chunk := file.read(1 << 16)):
            splitter.feed(chunk)
            if splitter.next() is not None:
                splitter.feed(file.read(len(_START)))
                return splitter.starts_jpeg
    return False


class Splitter:
    """Splits a stream of JPEGs; bytes between them, such as multipart headers, are skipped.

    Attributes:
        waiting: number of buffered bytes, the beginning of an incomplete JPEG.
    """

    def __init__(self) -> None:
        """Start with an empty buffer."""
        self._bytes = bytearray()
        self._begun = False  # whether the bytes start with a JPEG
        self._next = 0  # position from which the next marker is searched
        self._in_scan = False

    @property
    def waiting(self) -> int:
        """Number of buffered bytes."""
        return len(self._bytes)

    @property
    def begun(self) -> bool:
        """Whether the buffer holds an incomplete JPEG."""
        return self._begun

    @property
    def starts_jpeg(self) -> bool:
        """Whether the buffer starts with a JPEG."""
        return self._bytes.startswith(_START)

    def feed(self, piece: bytes | memoryview) -> None:
        """Append bytes."""
        self._bytes += piece

    def next(self) -> bytes | None:
        """Return the next complete JPEG; None until more bytes are fed."""
        if not self._begun and not self._begin():
            return None
        while (end := self._walk()) is not None:
            whole = bytes(self._bytes[:end]) if end else None
            del self._bytes[: end or len(_START)]
            self._begun = False
            if whole is not None:
                return whole
            if not self._begin():
                return None
        return None

    def _begin(self) -> bool:
        start = self._bytes.find(_START)
        if start < 0:
            del self._bytes[: max(0, len(self._bytes) - len(_START) + 1)]
            return False
        del self._bytes[:start]
        self._begun, self._in_scan, self._next = True, False, 2
        return True

    def _walk(self) -> int | None:
        """Walk the markers: the end of the JPEG, 0 if it is not one, None if bytes are missing."""
        while True:
            found = _MARKER.search(self._bytes, self._next)
            if found is None:
                # Its last byte may be the first half of a marker.
                self._next = max(self._next, len(self._bytes) - 1)
                return None
            if not self._in_scan and found.start() != self._next:
                filled = self._bytes[self._next : found.start()].strip(b"\xff")
                if filled:  # nothing else is allowed between segments
                    return 0
            marker = found[1][0]
            if marker == _END:
                return found.end()
            if marker == 0xD8:  # another one starts: this one is incomplete
                return 0
            length = int.from_bytes(self._bytes[found.end() : found.end() + 2], "big")
            if len(self._bytes) < found.end() + max(2, length):
                self._next = found.start()
                return None
            if length < 2:
                return 0
            self._next = found.end() + length
            self._in_scan = marker == _SCAN
