"""Sequences from a folder of labeled clips, split by person."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.labels import canonical
from device.sources import open_source
from device.tracking.analyzer import FaceAnalyzer
from device.tracking.temporal import GAP
from fer_edge.data.dataset import SPLITS
from fer_edge.modalities.temporal.sequences import (
    Classified,
    Progress,
    Sequences,
    TemporalData,
    pack,
)

SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v")

_HELD_OUT = 5  # one person of five is test, another one val


def read(folder: Path, analyzer: FaceAnalyzer, *, seed: int) -> TemporalData:
    """Read a folder of clips CLASS/NAME.mp4, CLASS/PERSON_NAME.mp4 or CLASS/PERSON/NAME.mp4.

    Each clip shows one face with the expression of its folder. The clips of a person are in one
    split. Without person names every clip counts as another person.

    Args:
        folder: folder of clips.
        analyzer: analyzer without smoothing, for the largest face.
        seed: RNG seed of the split.

    Raises:
        InputError: there are no clips, a folder is not a label of the model, or there are fewer
            than three persons or two classes.
    """
    index = {canonical(label): number for number, label in enumerate(analyzer.labels)}
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise InputError(f"{folder} has no clips: give CLASS/NAME.mp4 for each class")
    classes, persons = [], []
    for path in paths:
        label, person = _describe(path, folder)
        if canonical(label) not in index:
            raise InputError(
                f"{path}: {label} is not a label of the model: use {', '.join(analyzer.labels)}"
            )
        classes.append(index[canonical(label)])
        persons.append(person)
    if len(set(classes)) < 2:
        raise InputError(f"{folder}: all clips are {label}: at least two classes are needed")
    split = _split(np.array(persons), folder, seed)
    digest = hashlib.sha256(
        "\n".join(f"{p.relative_to(folder)}:{p.stat().st_size}" for p in paths).encode()
    ).hexdigest()

    def classify(name: str, progress: Progress) -> Sequences:
        chosen = np.flatnonzero(split == SPLITS.index(name))
        found: list[Classified] = []
        for done, row in enumerate(chosen, 1):
            found += _tracks(paths[row], classes[row], analyzer)
            progress(done, len(chosen))
        return pack(found)

    return TemporalData(
        digest=digest,
        about={
            "name": folder.name,
            "digest": digest,
            "synthetic": False,
            "kind": "clips of one expression each",
            "clips": {name: int(np.sum(split == n)) for n, name in enumerate(SPLITS)},
            "persons": len(set(persons)),
        },
        classify=classify,
    )


def _describe(path: Path, folder: Path) -> tuple[str, str]:
    """Return the label and the person of a clip."""
    parts = path.relative_to(folder).parts
    if len(parts) < 2:
        raise InputError(f"{path}: put clips into a folder of their class: CLASS/{path.name}")
    if len(parts) > 2:
        return parts[-3], parts[-2]
    person, separator, _ = path.stem.partition("_")
    return parts[0], person if separator else path.relative_to(folder).as_posix()


def _split(persons: NDArray[np.str_], folder: Path, seed: int) -> NDArray[np.int64]:
    names = np.random.default_rng(seed).permutation(np.unique(persons))
    if len(names) < len(SPLITS):
        raise InputError(
            f"{folder} has clips of {len(names)} persons: at least three are needed, for train, "
            "val and test"
        )
    held = max(1, len(names) // _HELD_OUT)
    split = np.zeros(len(persons), np.int64)
    split[np.isin(persons, names[:held])] = SPLITS.index("test")
    split[np.isin(persons, names[held : 2 * held])] = SPLITS.index("val")
    return split


def _tracks(path: Path, label: int, analyzer: FaceAnalyzer) -> Iterator[Classified]:
    """Yield the tracks of a clip's largest face; a gap, after which a head starts anew, ends one.

    Raises:
        InputError: the clip cannot be read, or its face is visible in fewer than two frames.
    """
    answers: list[tuple[float, NDArray[np.float32]]] = []
    tracks: list[list[tuple[float, NDArray[np.float32]]]] = []
    shown, frames = 0, 0
    with open_source(str(path)) as source:
        while (frame := source.read()) is not None:
            frames += 1
            for face in analyzer.process(frame):
                if face.track != shown or not answers or frame.time - answers[-1][0] > GAP:
                    answers = []
                    tracks.append(answers)
                shown = face.track
                answers.append((frame.time, face.probabilities.copy()))
    tracks = [track for track in tracks if len(track) > 1]
    if not tracks:
        raise InputError(
            f"{path}: a face is visible in fewer than two of its {frames} frames: remove the clip"
        )
    for track in tracks:
        times = np.array([time for time, _ in track])
        probabilities = np.stack([each for _, each in track])
        yield probabilities, times - times[0], np.full(len(track), label, np.int64)
