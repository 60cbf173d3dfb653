"""Data types passed from the audio and text streams to the fusion."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Modality:
    """The latest prediction of one modality.

    Attributes:
        name: "face", "audio" or "text".
        labels: labels of the modality's model, in the order of `probabilities`; the fusion maps
            them to those of the face model by meaning.
        probabilities: float32 [labels], 0..1, summing to 1; not modified after construction.
        time: `time.monotonic()` of the evidence: the end of the classified audio, or the arrival
            of the line of text. The weight falls with age, see `device.modalities.pool`.
    """

    name: str
    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    time: float


class ModalityStream(Protocol):
    """Classifies a source of audio or text in a background thread.

    If the source ends or fails after the start, the stream logs one line and the run continues;
    the last prediction expires.

    Attributes:
        name: "audio" or "text".
        labels: labels of the stream's model.
    """

    name: str
    labels: tuple[str, ...]

    def start(self) -> None:
        """Open the source and start the thread.

        Files are played in real time from the moment of the call.

        Raises:
            InputError: the source cannot be opened.
        """
        ...

    def latest(self) -> Modality | None:
        """Return the latest prediction without waiting; None before the first one."""
        ...

    def close(self) -> None:
        """Stop the thread and close the source."""
        ...


@dataclass(slots=True, eq=False)
class Opinion:
    """Contribution of one modality to a fused distribution; updated in place for every frame.

    Attributes:
        name: "face", "audio" or "text".
        modality: latest prediction; None before the first one.
        age: age of the prediction in seconds; infinite without one.
        weight: normalized weight in the pool, 0..1; 0 if the prediction is missing or too old.
            The weights of all modalities sum to 1, or to 0 if no modality has a prediction.
    """

    name: str
    modality: Modality | None = None
    age: float = float("inf")
    weight: float = 0.0


@dataclass(slots=True, eq=False)
class Fused:
    """The fused distribution and its inputs; updated in place for every frame.

    Attributes:
        opinions: one entry per active modality, the face first.
        labels: labels of the face model, in the order of `probabilities`.
        probabilities: float32 [labels], 0..1, summing to 1; undefined if `label` is empty.
        label: the expression, or "uncertain" below the threshold; empty if no modality has a
            prediction.
        confidence: probability of the label, 0..1.
    """

    opinions: tuple[Opinion, ...]
    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    label: str = ""
    confidence: float = 0.0
