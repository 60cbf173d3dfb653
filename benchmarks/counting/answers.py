"""Compares results of `device` on an emulated core with those on this machine."""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import device
from benchmarks.counting import emulator
from benchmarks.counting.cores import Core
from benchmarks.counting.kit import Kit
from device.errors import CheckFailedError, InputError

GUEST = Path(__file__).with_name("answers_guest.py")
OUTPUT = "answers.npz"

Answers = dict[str, NDArray[np.generic]]
"""Results by name: probabilities, float32 [n, labels], or logits, int8, by model; "boxes", int32
[pictures, 4]; "crops", uint8 [n, 48, 48]."""


@dataclass(frozen=True)
class Difference:
    """Difference of one kind of result between two machines.

    Attributes:
        name: file name of a model, "boxes" or "crops".
        values: number of compared values.
        differing: number of values that are not equal.
        largest: maximum difference, of probabilities, box coordinates in pixels, or gray levels.
        other_classes: number of faces with a different top-1 class; 0 for boxes and crops.
    """

    name: str
    values: int
    differing: int
    largest: float
    other_classes: int


@dataclass(frozen=True)
class Questions:
    """Inputs of the comparison.

    Attributes:
        models: `.tflite` files by the name of their results.
        faces: uint8 [n, 48, 48], gray 0..255.
        pictures: uint8 [h, w] each, with a face in the middle.
    """

    models: Mapping[str, Path]
    faces: NDArray[np.uint8]
    pictures: Sequence[NDArray[np.uint8]]

    @contextmanager
    def files(self) -> Iterator[dict[str, Path]]:
        """Yield the input files of each guest run, by the name under which it reads them."""
        with tempfile.TemporaryDirectory(prefix="fer-edge-answers-") as name:
            folder = Path(name)
            np.save(folder / "faces.npy", self.faces)
            for number, picture in enumerate(self.pictures):
                cv2.imwrite(str(folder / f"{number:03}.png"), picture)
            yield {path.name: path for path in folder.iterdir()} | dict(self.models)


def emulated(kit: Kit, core: Core, questions: Questions) -> Answers:
    """Compute the results on an emulated core.

    Raises:
        CheckFailedError: `device` fails on the core.
    """
    with questions.files() as files:
        content = emulator.run_for_output(
            kit,
            core,
            GUEST,
            tuple(questions.models),
            files,
            output=OUTPUT,
            packages=emulator.PACKAGES,
        )
    return read(io.BytesIO(content))


def native(questions: Questions) -> Answers:
    """Compute the results on this machine with the same program.

    Raises:
        CheckFailedError: `device` fails.
    """
    with questions.files() as files, tempfile.TemporaryDirectory() as name:
        for file, path in files.items():
            (Path(name) / file).symlink_to(path.absolute())
        done = subprocess.run(
            [sys.executable, str(GUEST), *questions.models],
            cwd=name,
            env={"PYTHONPATH": str(Path(device.__path__[0]).parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise CheckFailedError(f"device failed on this machine: {lines[-1]}")
        return read(io.BytesIO((Path(name) / OUTPUT).read_bytes()))


def read(source: io.BytesIO | Path) -> Answers:
    """Read saved results.

    Raises:
        InputError: the file is missing or does not contain results.
    """
    try:
        with np.load(source) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{source} contains no predictions: {error}") from error


def packed(given: Answers) -> bytes:
    """Serialize results for `read`."""
    stream = io.BytesIO()
    arrays: dict[str, Any] = dict(given)
    np.savez(stream, **arrays)
    return stream.getvalue()


def compare(one: Answers, other: Answers) -> list[Difference]:
    """Compare results bit by bit.

    Raises:
        InputError: the results are for different models, faces or pictures.
    """
    shapes = [{name: values.shape for name, values in each.items()} for each in (one, other)]
    if shapes[0] != shapes[1]:
        raise InputError("the results are for different models or faces: create both again")
    return [_difference(name, values, other[name]) for name, values in one.items()]


def _difference(name: str, one: NDArray[np.generic], other: NDArray[np.generic]) -> Difference:
    apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    classes = 0
    if one.dtype == np.float32:
        classes = int(np.sum(one.argmax(1) != other.argmax(1)))
    return Difference(name, apart.size, int(np.sum(apart > 0)), float(apart.max()), classes)
