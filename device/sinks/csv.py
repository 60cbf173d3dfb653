"""Results as CSV: one row per face."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import InputError
from device.frame import Result
from device.sinks.append_file import AppendFile
from device.sinks.base import Sink
from device.sinks.jsonl import timestamp

if TYPE_CHECKING:
    from device.modalities.modality import Fused

_COLUMNS = "time source frame position track x y w h label confidence"
_OF_FACE = len(["track", "x", "y", "w", "h", "label", "confidence"])


class CsvSink(Sink):
    """Appends one row per face (RFC 4180).

    Frames without a face have no row, or one with empty cells for the face in a run with sound or
    text.
    """

    def __init__(
        self, path: Path, labels: tuple[str, ...], *, modalities: Sequence[str] = ()
    ) -> None:
        """Open the file; write the header if it is new.

        Args:
            path: file; an existing one with the same header is appended to.
            labels: labels of the model, one column each.
            modalities: names of the modalities that are fused, "face" among them; none adds no
                column.

        Raises:
            InputError: the file cannot be written, or has another header.
        """
        self.name = str(path)
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._labels = labels
        header = self._row([*_COLUMNS.split(), *labels, *_fused_columns(labels, modalities)])
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
        if not result.faces and result.fused is None:
            return
        frame, time = result.frame, timestamp(result.wall_time)
        position = "" if result.live else f"{frame.time:.3f}"
        begin = [time, frame.name, frame.number, position]
        end = [] if result.fused is None else _fused_cells(result.fused)
        rows = [
            self._row(
                [*begin, face.track, *face.box, face.label]
                + [f"{value:.4f}" for value in (face.confidence, *face.probabilities.tolist())]
                + end
            )
            for face in result.faces
        ]
        without_face = [""] * (_OF_FACE + len(self._labels))
        self._file.write(b"".join(rows) or self._row([*begin, *without_face, *end]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, values: list[object]) -> bytes:
        self._text.seek(0)
        self._text.truncate()
        self._writer.writerow(values)
        return self._text.getvalue().encode("utf-8", "replace")


def _fused_columns(labels: Sequence[str], modalities: Sequence[str]) -> list[str]:
    if not modalities:
        return []
    fused = ["fused_label", "fused_confidence", *(f"fused_{label}" for label in labels)]
    return [*fused, *(f"{name}_{part}" for name in modalities for part in ("age", "weight"))]


def _fused_cells(fused: "Fused") -> list[object]:
    """The cells of `_fused_columns`, empty where nothing counts."""
    cells: list[object] = [""] * (2 + len(fused.labels))
    if fused.label:
        values = (fused.confidence, *fused.probabilities.tolist())
        cells = [fused.label, *(f"{value:.4f}" for value in values)]
    for opinion in fused.opinions:
        age = "" if opinion.modality is None else f"{opinion.age:.3f}"
        cells += [age, f"{opinion.weight:.4f}"]
    return cells
