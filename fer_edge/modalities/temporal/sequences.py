"""Classified sequences: what a temporal head is trained and evaluated on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.model.classifier import Classifier
from device.system.atomic_file import replacing

Progress = Callable[[int, int], None]
"""Callback with the number of tracks done and of all."""

Classified = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int64]]
"""A classified track: probabilities [n, labels], times [n] and true classes [n]."""


@dataclass(frozen=True)
class Sequences:
    """Classified frames of tracks; shorter tracks are padded with `valid` False.

    Attributes:
        probabilities: float32 [n, frames, labels], the classifier's answers.
        times: float32 [n, frames], seconds.
        classes: int64 [n, frames], true classes.
        valid: bool [n, frames], frames that exist.
    """

    probabilities: NDArray[np.float32]
    times: NDArray[np.float32]
    classes: NDArray[np.int64]
    valid: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def elapsed(self) -> NDArray[np.float32]:
        """Seconds since the previous frame, float32 [n, frames]; 0 for the first one."""
        return np.diff(self.times, axis=1, prepend=self.times[:, :1])


@dataclass(frozen=True)
class Track:
    """Faces of one track, not yet classified.

    Attributes:
        images: uint8 [n, 48, 48].
        times: float64 [n], seconds.
        classes: int64 [n], true classes.
    """

    images: NDArray[np.uint8]
    times: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class TemporalData:
    """Data of a run.

    Attributes:
        digest: digest of the data.
        about: description for the card.
        classify: function that classifies the tracks of a split.
    """

    digest: str
    about: dict[str, Any]
    classify: Callable[[str, Progress], Sequences]


def classify(
    tracks: Iterator[Track], classifier: Classifier, progress: Callable[[int], None]
) -> Sequences:
    """Run a classifier over tracks.

    Args:
        tracks: tracks, consumed one by one.
        classifier: classifier of the faces.
        progress: callback with the number of tracks done.
    """
    found: list[Classified] = []
    for track in tracks:
        answers = np.stack([classifier(image).copy() for image in track.images])
        found.append((answers, track.times, track.classes))
        progress(len(found))
    return pack(found)


def pack(tracks: Sequence[Classified]) -> Sequences:
    """Pad classified tracks to one length."""
    shape = (len(tracks), max(len(times) for _, times, _ in tracks))
    labels = tracks[0][0].shape[1]
    packed = Sequences(
        np.full((*shape, labels), 1 / labels, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.int64),
        np.zeros(shape, np.bool_),
    )
    for row, (probabilities, times, classes) in enumerate(tracks):
        length = len(times)
        packed.probabilities[row, :length] = probabilities
        packed.times[row, :length] = times
        packed.times[row, length:] = times[-1]
        packed.classes[row, :length] = classes
        packed.valid[row, :length] = True
    return packed


def save(path: Path, sequences: Sequences) -> None:
    """Write sequences to an `.npz` file."""
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **vars(sequences))


def load(path: Path) -> Sequences:
    """Read sequences written by `save`."""
    with np.load(path, allow_pickle=False) as file:
        return Sequences(**{name: file[name] for name in file.files})
