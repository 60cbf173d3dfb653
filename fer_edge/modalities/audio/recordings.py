"""Reads labeled recordings of speech as log-mel frames.

A set is a folder or `.zip` of WAV files. Either the file names follow a scheme of `file_names`, or
there is a folder per class: `CLASS/SPEAKER/NAME.wav` or `CLASS/SPEAKER_NAME.wav`.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.modalities.audio.clip import speech_frames
from device.modalities.audio.features import scaled
from device.modalities.audio.wave_file import read_wave
from fer_edge.modalities.audio import file_names

_MAX_BYTES = 200_000_000
_MAX_FRAMES = 20_000  # per recording: five minutes of speech
_MAX_RECORDINGS = 100_000
_DAMAGED = (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class Recordings:
    """Labeled recordings of speech.

    Attributes:
        name: name of the set, such as "EmoDB", or "folders".
        names: path of each recording in the set.
        frames: frames with speech of each recording, scaled float32 [n, BANDS].
        labels: names of the classes, sorted.
        classes: int64 [recordings], indices into `labels`.
        speakers: str [recordings].
    """

    name: str
    names: tuple[str, ...]
    frames: tuple[NDArray[np.float32], ...]
    labels: tuple[str, ...]
    classes: NDArray[np.int64]
    speakers: NDArray[np.str_]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of frames, labels and speakers."""
        hash = hashlib.sha256(repr((self.labels, self.speakers.tolist())).encode())
        hash.update(self.classes.tobytes())
        for frames in self.frames:
            hash.update(np.round(frames, 3).tobytes())
        return hash.hexdigest()

    def about(self) -> dict[str, Any]:
        """Return the description of the data for the card."""
        counts = np.bincount(self.classes, minlength=len(self.labels)).tolist()
        return {
            "name": self.name,
            "digest": self.digest,
            "synthetic": False,
            "recordings": dict(zip(self.labels, counts, strict=True)),
            "speakers": len(np.unique(self.speakers)),
        }


def read(data: Path, step: Callable[[int, int], None] = lambda done, all: None) -> Recordings:
    """Read a folder or `.zip` of WAV files.

    Args:
        data: folder or archive.
        step: progress callback with the number of files read and the total.

    Raises:
        InputError: there are no WAV files, a file is damaged or has no speech, the file names do
            not give expression and speaker, or there are fewer than two classes.
    """
    with _files(data) as files:
        name, described = _describe(list(files), data)
        frames = []
        for done, (path, opened) in enumerate(files.items(), 1):
            try:
                with opened() as content:
                    frames.append(_frames(path, content))
            except _DAMAGED as error:
                raise InputError(f"{data}: {path} cannot be read: {error}") from error
            step(done, len(files))
    labels = tuple(sorted({label for label, _ in described}))
    if len(labels) < 2:
        raise InputError(f"{data}: all recordings are {labels[0]}: at least two classes are needed")
    return Recordings(
        name,
        tuple(files),
        tuple(frames),
        labels,
        np.array([labels.index(label) for label, _ in described]),
        np.array([speaker for _, speaker in described]),
    )


def _frames(path: str, content: IO[bytes]) -> NDArray[np.float32]:
    try:
        return scaled(speech_frames(read_wave(Path(path), content)))[:_MAX_FRAMES]
    except InputError as error:
        message = str(error)
        raise InputError(message if path in message else f"{path}: {message}") from error


Opener = Callable[[], IO[bytes]]


def _opener(path: Path) -> Opener:
    return lambda: path.open("rb")


@contextmanager
def _files(data: Path) -> Iterator[dict[str, Opener]]:
    """Yield the sorted WAV files of a set, by path."""
    if data.is_dir():
        found = sorted(p for p in data.rglob("*") if p.suffix.lower() == ".wav" and p.is_file())
        yield _checked({p.relative_to(data).as_posix(): _opener(p) for p in found}, data)
        return
    if not data.exists():
        raise InputError(f"{data}: no such folder or archive")
    try:
        archive = zipfile.ZipFile(data)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{data} is neither a folder nor a .zip archive") from error
    with archive:
        members = sorted(
            (m for m in archive.infolist() if m.filename.lower().endswith(".wav")),
            key=lambda member: member.filename,
        )
        for member in members:
            if member.file_size > _MAX_BYTES:
                raise InputError(
                    f"{data}: {member.filename} has {member.file_size:,} bytes; the limit is "
                    f"{_MAX_BYTES:,}"
                )
        yield _checked({m.filename: partial(archive.open, m) for m in members}, data)


def _checked(files: dict[str, Opener], data: Path) -> dict[str, Opener]:
    if not files:
        raise InputError(f"{data} does not contain .wav files")
    if len(files) > _MAX_RECORDINGS:
        raise InputError(f"{data} contains {len(files):,} files; the limit is {_MAX_RECORDINGS:,}")
    return files


def _describe(paths: list[str], data: Path) -> tuple[str, list[tuple[str, str]]]:
    """Return the name of the set, and (label, speaker) of each path."""
    stems = [PurePosixPath(path).stem for path in paths]
    name = file_names.recognize(stems)
    if name is not None:
        read = file_names.READERS[name]
        return name, [found for stem in stems if (found := read(stem))]
    return "folders", [_by_folder(path, data) for path in paths]


def _by_folder(path: str, data: Path) -> tuple[str, str]:
    parts = PurePosixPath(path).parts
    speaker = parts[-2] if len(parts) >= 3 else re.split(r"[_-]", parts[-1], maxsplit=1)[0]
    if len(parts) < 2 or speaker == parts[-1]:
        raise InputError(
            f"{data}: {path} does not give expression and speaker: name files as in EmoDB, "
            "RAVDESS or CREMA-D, or CLASS/SPEAKER/NAME.wav or CLASS/SPEAKER_NAME.wav"
        )
    return parts[-3] if len(parts) >= 3 else parts[-2], speaker
