"""Results as JSON Lines (https://jsonlines.org): one object per frame, with a JSON Schema."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.errors import InputError
from device.face import Face
from device.frame import Result
from device.labels import printable_json
from device.sinks.append_file import AppendFile, write_all
from device.sinks.base import BrokenOutput, Sink
from device.sinks.fused_json import fused_json
from device.sinks.placed_json import placed_json

SCHEMA_VERSION = "1.1"
"""The major number changes if older readers cannot read the lines, else the minor one."""

SCHEMA = Path(__file__).parent / f"result-{SCHEMA_VERSION}.schema.json"
"""JSON Schema (2020-12) of one line."""


class JsonLinesSink(Sink):
    """Appends one line per frame, with or without faces, to a file or to standard output."""

    def __init__(self, path: Path | None) -> None:
        """Open the file.

        Args:
            path: file; an existing one with such lines is appended to. None for standard output.

        Raises:
            InputError: the file cannot be written, or has other content.
        """
        self.name = "stdout" if path is None else str(path)
        self._encode = json.JSONEncoder(
            separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode
        self._file = (
            None
            if path is None
            else AppendFile(path, accepts=_is_own_line, kind="JSON lines of fer-edge")
        )
        self._stdout, self._is_first = -1, True
        if path is None:
            try:
                self._stdout = sys.stdout.fileno()
                os.fstat(self._stdout)
            except OSError as error:
                raise InputError("stdout is closed: give --jsonl FILE") from error

    def write(self, result: Result) -> None:
        """Append a line.

        Raises:
            InputError: standard output accepts no line at all, as /dev/full.
            OSError: this line could not be written.
            BrokenOutput: the reader of the pipe has closed it.
        """
        line = printable_json(self._encode(as_json(result))).encode("utf-8", "replace") + b"\n"
        if self._file is not None:
            self._file.write(line)
            return
        try:
            write_all(self._stdout, line)
        except OSError as error:
            if self._is_first and not isinstance(error, BrokenOutput):
                raise InputError(f"stdout cannot be written: {error.strerror}") from error
            raise
        self._is_first = False

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._file is not None:
            self._file.close()


def as_json(result: Result) -> dict[str, Any]:
    """Convert a result to JSON types according to the schema."""
    frame = result.frame
    line: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "time": timestamp(result.wall_time),
        "source": frame.name,
        "frame": frame.number,
        "position": None if result.live else round(frame.time, 3),
        "dropped": result.dropped,
        "faces": [_face(face, result.labels) for face in result.faces],
        "latency_ms": {stage: round(value, 3) for stage, value in result.stages.items()},
    }
    return line if result.fused is None else line | fused_json(result.fused)


def _face(face: Face, labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "track": face.track,
        "box": face.box._asdict(),
        "label": face.label,
        "confidence": round(float(face.confidence), 4),
        "probabilities": {
            label: round(value, 4)
            for label, value in zip(labels, face.probabilities.tolist(), strict=True)
        },
        **({"occluded": face.occluded} if face.occluded else {}),
        **placed_json(face),
    }


def timestamp(seconds: float) -> str:
    """Format seconds since 1970 as RFC 3339, in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_own_line(line: str) -> bool:
    """Whether a line was written by this sink, in a compatible version."""
    try:
        content = json.loads(line)
    except ValueError:
        return line.startswith('{"schema_version":"1.')  # cut off by a power failure
    version = content.get("schema_version") if isinstance(content, dict) else None
    return isinstance(version, str) and version.split(".")[0] == SCHEMA_VERSION.split(".")[0]
