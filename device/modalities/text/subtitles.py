"""Parser for subtitle files: SubRip (`.srt`) and WebVTT (`.vtt`)."""

import re

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def cues(text: str) -> list[tuple[float, str]]:
    """Parse the cues of a subtitle file (https://www.w3.org/TR/webvtt1/).

    Args:
        text: content of the file; lines outside cues (numbers, notes, styles) are ignored.

    Returns:
        Start time in seconds and text without markup of each cue, sorted by start time.
    """
    found = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        for at, line in enumerate(lines):
            match = _CUE.match(line)
            if match:
                words = _MARKUP.sub("", " ".join(lines[at + 1 :])).strip()
                if words:
                    found.append((_seconds(*match.groups()[:4]), words))
                break
    return sorted(found, key=lambda cue: cue[0])


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{fraction}")
