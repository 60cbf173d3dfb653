"""Tracks and smooths the faces of a camera, video, stream or folder frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from fer_edge.api.model import Face, Model, labeled


@dataclass(frozen=True)
class TrackedFrame:
    """One frame of a source and the faces in it.

    Attributes:
        number: frame number in the source, from 0; includes dropped frames.
        time: time in seconds: position in the file, or for live sources `time.monotonic()` of
            capture.
        name: file name of the image, or name of the source.
        image: uint8 [h, w, 3] BGR or [h, w] gray; the source reuses the buffer for the next frame,
            so copy it to keep it.
        faces: tracked faces, the largest first.
        milliseconds: latency by stage: detect, classify, track.
    """

    number: int
    time: float
    name: str
    image: npt.NDArray[Any]
    faces: list[Face]
    milliseconds: dict[str, float]


def track(
    model: Model,
    source: str | int,
    *,
    every: int = 1,
    largest: bool = False,
    smoothing: float = 0.5,
    threshold: float | None = None,
    frames: int | None = None,
) -> Iterator[TrackedFrame]:
    """Track the faces of a source; closing the iterator closes the camera or file.

    Args:
        model: a model from `load`.
        source: number or `/dev/videoN` of a camera, "picamera", path of a video, image or folder,
            or URL of a stream.
        every: interval of face detections in frames; between them faces are tracked by template.
        largest: whether to analyze only the largest face.
        smoothing: time constant of the smoothed distribution, in seconds; 0 disables smoothing.
        threshold: probability 0..1 below which the label is "uncertain"; if None, from the model's
            card, else 0.4.
        frames: stop after this number of frames; None for no limit.

    Yields:
        One `TrackedFrame` per frame.

    Raises:
        InputError: the source cannot be opened, or an option is out of range.

    Examples:
        >>> import fer_edge
        >>> model = fer_edge.load("zoo:nano")
        >>> for frame in fer_edge.track(model, "hall.mp4"):  # doctest: +SKIP
        ...     print(frame.time, [face.label for face in frame.faces])
    """
    from device.sources import open_source

    analyzer = model.analyzer(
        every=every, largest=largest, smoothing=smoothing, threshold=threshold
    )
    done = 0
    with open_source(str(source)) as opened:
        while done != frames and (frame := opened.read()) is not None:
            done += 1
            faces = [
                Face(
                    face.box,
                    labeled(model.labels, face.probabilities),
                    face.label,
                    face.confidence,
                    face.track,
                )
                for face in analyzer.process(frame)
            ]
            stages = dict(analyzer.stages)
            yield TrackedFrame(frame.number, frame.time, frame.name, frame.image, faces, stages)
