"""Results as CSV: one row per face."""

import csv
import io
from pathlib import Path

from device.errors import InputError
from device.frame import Result
from device.sinks.append_file import AppendFile
from device.sinks.base import Sink
from device.sinks.jsonl import timestamp

_COLUMNS = "time source frame position track x y w h label confidence"


class CsvSink(Sink):
    """Appends one row per face, none for frames without faces (RFC 4180)."""

    def __init__(self, path: Path, labels: tuple[str, ...]) -> None:
        """Open the file; write the header if it is new.

        Args:
            path: file; an existing one with the same header is appended to.
            labels: labels of the model, one column each.

        Raises:
            InputError: it cannot be written, or has another header.
        """
        self.name = str(path)
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        header = self._row([*_COLUMNS.split(), *labels])
        expected = header.decode().rstrip("\n")
        self._file = AppendFile(
            path, accepts=lambda line: line == expected, kind="rows of this model's labels"
        )
        if self._file.is_new:
            try:
                self._file.write(header)
            except OSError as error:
                raise InputError(f"{path}: cannot be written ({error.strerror})") from error

    def write(self, result: Result) -> None:
        """Append the rows of a frame, all or none."""
        if not result.faces:
            return
        frame, time = result.frame, timestamp(result.wall_time)
        position = "" if result.live else f"{frame.time:.3f}"
        rows = b"".join(
            self._row(
                [time, frame.name, frame.number, position, face.track, *face.box, face.label]
                + [f"{value:.4f}" for value in (face.confidence, *face.probabilities.tolist())]
            )
            for face in result.faces
        )
        self._file.write(rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, values: list[object]) -> bytes:
        self._text.seek(0)
        self._text.truncate()
        self._writer.writerow(values)
        return self._text.getvalue().encode("utf-8", "replace")
