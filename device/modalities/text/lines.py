"""Splits bytes into lines of text of bounded length; invalid lines are skipped with a log line."""

import json
import logging

MAX_LINE = 1 << 16
"""Maximum length of a line in bytes."""

log = logging.getLogger(__name__)


class LineSplitter:
    """Splits a stream of bytes into lines; longer lines than `MAX_LINE` are skipped and logged."""

    def __init__(self, name: str) -> None:
        """Initialize at the start of a line.

        Args:
            name: name of the source in the log.
        """
        self._name = name
        self._begun = bytearray()
        self._skipping = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Add bytes and return the completed lines, without line breaks."""
        lines = []
        *complete, rest = piece.split(b"\n")
        for part in complete:
            line = self._add(part)
            self._begun.clear()
            self._skipping = False
            if line is not None:
                lines.append(line)
        self._add(rest)
        return lines

    def end(self) -> list[bytes]:
        """Return the unterminated last line, if there is one."""
        line = bytes(self._begun)
        self._begun.clear()
        return [line] if line and not self._skipping else []

    def _add(self, part: bytes) -> bytes | None:
        if self._skipping:
            return None
        self._begun += part
        if len(self._begun) <= MAX_LINE:
            return bytes(self._begun)
        self._begun.clear()
        self._skipping = True
        log.warning("%s: skipped a line of more than %d bytes", self._name, MAX_LINE)
        return None


def text_of(line: bytes, name: str) -> str:
    """Return the text of a line: plain UTF-8, or the key `text` of a JSON object.

    The JSON form is what speech recognizers such as Vosk write.

    Args:
        line: at most `MAX_LINE` bytes.
        name: name of the source in the log; the text itself is never logged.

    Returns:
        The text, stripped; empty if the line has no text or is not UTF-8.
    """
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        log.warning("%s: skipped a line that is not UTF-8", name)
        return ""
    if not text.startswith("{"):
        return text
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(content, dict):
        inner = content.get("text")
        return inner.strip() if isinstance(inner, str) else ""
    return text
