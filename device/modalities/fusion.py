"""Fuses the predictions of face, audio and text into one distribution per frame."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from device.errors import InputError
from device.face import Face
from device.labels import canonical
from device.modalities.modality import Fused, Modality, ModalityStream, Opinion
from device.modalities.pool import LogOpinionPool, Reliability
from device.tracking.smoothing import LabelHysteresis

FACE = "face"


class Fusion:
    """Late fusion of the largest face of the frame and the latest prediction of each stream.

    The weight of a modality falls with the age of its latest prediction. A modality without a
    prediction, or with one that is too old, has weight 0; this is not an error.
    A context manager: entering starts the streams, leaving closes them.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        streams: Sequence[ModalityStream],
        reliabilities: Mapping[str, Reliability],
        *,
        threshold: float,
        hysteresis: float = 0.1,
    ) -> None:
        """Initialize the fusion without starting the streams.

        Args:
            labels: labels of the face model and of the fused distribution.
            streams: audio and text streams, not started.
            reliabilities: reliability of "face" and of each stream, by name.
            threshold: probability below which the fused label is "uncertain".
            hysteresis: probability lead that another label needs to replace the current one.

        Raises:
            InputError: a stream's model shares no label with the face model.
        """
        meanings = {canonical(label) for label in labels}
        for stream in streams:
            if not meanings & {canonical(label) for label in stream.labels}:
                raise InputError(
                    f"--{stream.name}-model: none of its labels ({', '.join(stream.labels)}) is "
                    f"one of the face model's: {', '.join(labels)}"
                )
        self._streams = streams
        self._pool = LogOpinionPool(labels, reliabilities)
        self._hysteresis = LabelHysteresis(labels, threshold=threshold, hysteresis=hysteresis)
        self._face = np.zeros(len(labels), np.float32)
        opinions = (Opinion(FACE), *(Opinion(stream.name) for stream in streams))
        self.result = Fused(opinions, labels, np.zeros(len(labels), np.float32))

    def fuse(self, faces: Sequence[Face], captured: float) -> Fused:
        """Fuse the latest predictions after a frame was analyzed.

        Args:
            faces: faces of the frame, largest first; if empty, the last face is used until it is
                too old.
            captured: `time.monotonic()` of the frame's capture.

        Returns:
            The fused result. The next call overwrites it.
        """
        result = self.result
        face, *others = result.opinions
        if faces:
            np.copyto(self._face, faces[0].probabilities)
            face.modality = Modality(FACE, result.labels, self._face, captured)
        for opinion, stream in zip(others, self._streams, strict=True):
            opinion.modality = stream.latest()
        if self._pool.pool(result.opinions, time.monotonic(), result.probabilities):
            result.label, result.confidence = self._hysteresis.update(result.probabilities)
        else:
            result.label, result.confidence = "", 0.0
        return result

    def __enter__(self) -> "Fusion":
        """Start the streams."""
        started: list[ModalityStream] = []
        try:
            for stream in self._streams:
                stream.start()
                started.append(stream)
        except BaseException:
            for stream in started:
                stream.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the streams."""
        for stream in self._streams:
            stream.close()
