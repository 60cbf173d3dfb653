"""Labels the files of one part and writes a Parquet file."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.faces.detector import Detector, open_detector
from device.faces.recognize import recognize
from device.image import file as image_file
from device.model import card
from device.model.classifier import Classifier
from device.sources.video import VideoFile
from device.system.atomic_file import replacing
from fer_edge.batch.plan import VIDEOS, Part, Settings

SEARCH_SIZE = 640
"""Longest side in pixels for face detection, as in `predict`."""

Row = dict[str, Any]


def label(part: Part, settings: Settings, out: Path) -> dict[str, int]:
    """Label a part, unless its Parquet file exists.

    The file is replaced atomically, so that a part that is labeled twice has its rows once.

    Returns:
        Number of `files`, `faces` and `errors`; zeros if the file already existed.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    path = part.output(out)
    if path.exists():
        return {"files": 0, "faces": 0, "errors": 0}
    classifier, detector, margin = _opened(settings)
    rows = [
        row for file in part.files for row in _rows(file, settings, classifier, detector, margin)
    ]
    kinds = [
        ("path", arrow.string()),
        ("frame", arrow.int64()),
        ("seconds", arrow.float64()),
        ("face", arrow.int32()),
        *((name, arrow.int32()) for name in ("x", "y", "w", "h")),
        ("label", arrow.string()),
        *((f"p_{name}", arrow.float32()) for name in classifier.labels),
        ("error", arrow.string()),
    ]
    schema = arrow.schema(kinds, metadata={"model_sha256": settings.digest})
    table = arrow.Table.from_pylist(rows, schema=schema)
    with replacing(path) as partial:
        parquet.write_table(table, partial, compression="zstd")
    return {
        "files": len(part.files),
        "faces": sum(row["face"] is not None for row in rows),
        "errors": sum(row["error"] is not None for row in rows),
    }


@lru_cache(maxsize=1)  # loaded once per process
def _opened(settings: Settings) -> tuple[Classifier, Detector, float]:
    path = Path(settings.model)
    weights = None if settings.weights is None else np.array(settings.weights, np.float32)
    chosen = Path(settings.detector_model) if settings.detector_model else None
    detector = open_detector(settings.detector, model=chosen, search_size=SEARCH_SIZE)
    return Classifier(path, weights=weights), detector, card.margin(path)


def _rows(
    file: str, settings: Settings, classifier: Classifier, detector: Detector, margin: float
) -> Iterator[Row]:
    """Yield one row per face, or a row without a face if none is found or an error occurs."""
    empty: Row = dict.fromkeys(("path", "frame", "seconds", "face", "label", "error"))
    frame = None
    try:
        for frame, seconds, image in _images(Path(file), settings.every):
            shown = empty | {"path": file, "frame": frame, "seconds": seconds}
            faces = recognize(image, classifier, detector, margin=margin, largest=settings.largest)
            if not faces:
                yield shown
            for number, face in enumerate(faces):
                chances = {f"p_{name}": value for name, value in face.distribution.items()}
                yield shown | {"face": number, "label": face.label} | face.box._asdict() | chances
    except InputError as error:
        yield empty | {"path": file, "frame": frame, "error": str(error)}


def _images(path: Path, every: int) -> Iterator[tuple[int | None, float | None, NDArray[Any]]]:
    """Yield frame number, time in seconds and pixels; number and time are None for an image."""
    if path.suffix.lower() not in VIDEOS:
        yield None, None, image_file.read(path)
        return
    video = VideoFile(path)
    video.open()
    try:
        number = 0
        while (image := video.read(None)) is not None:
            if number % every == 0:
                yield number, video.time, image
            number += 1
    finally:
        video.close()
