"""Runs a model in TensorFlow Lite Micro: smallest tensor arena, and agreement with LiteRT."""

import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.errors import CheckFailedError, InputError, RuntimeCrashError
from device.model import runtime
from device.system.run_python import run_python, without_own_packages
from quantization.export import tflite_micro_worker
from quantization.export.io import CHANNELS
from quantization.tflite.io_types import IO, Color
from quantization.verify.agreement import Agreement, Bound, compare, violation

BOUND = Bound(disagreements=0.05, difference=16 / 256)
"""As between LiteRT's own kernels, see `fer-edge verify`; one face in twenty may change class."""


@dataclass(frozen=True)
class MicroResult:
    """Result of running a model in TFLite Micro.

    Attributes:
        runtime: name and version.
        arena_bytes: size in bytes of the smallest tensor arena that the model runs in, on this
            machine. Pointers take 8 bytes here and 4 on most microcontrollers, which need less.
        agreement: difference from LiteRT's reference kernels.
    """

    runtime: str
    arena_bytes: int
    agreement: Agreement


def find_python(python: Path | None) -> Path | None:
    """The Python to use: the given one, or this one if it has `tflite-micro`; else None."""
    if python is None and importlib.util.find_spec("tflite_micro") is not None:
        return Path(sys.executable)
    return python


def check(
    content: bytes,
    path: Path,
    faces: npt.NDArray[np.uint8],
    *,
    io: IO,
    color: Color,
    python: Path,
    bound: Bound = BOUND,
) -> MicroResult:
    """Run a model in TFLite Micro and in LiteRT and compare.

    Args:
        content: content of the `.tflite` file.
        path: model file, for messages.
        faces: face images, uint8 [n, 48, 48]; a color model gets them as three equal channels.
        io: dtype of input and output.
        color: color format of the input.
        python: Python executable of an environment with `tflite-micro`.
        bound: largest allowed difference.

    Raises:
        InputError: that Python cannot be run or lacks the package.
        CheckFailedError: TFLite Micro cannot run the model, or its outputs differ.
        RuntimeCrashError: it crashes or takes too long.
    """
    inputs = as_input(faces, io=io, color=color)
    runtime, arena, outputs = _run_micro(content, path, inputs, python)
    # TFLite Micro uses the reference kernels. A crash in them ends the process, but the worker
    # process has just run the same kernels on the same data.
    reference = _run_reference(content, path, inputs)
    step = np.float32(1.0 if io == "float32" else 1 / 256)
    found = compare(outputs.astype(np.float32) * step, reference * step)
    if problem := violation(found, bound):
        raise CheckFailedError(f"{path}: {runtime} differs from LiteRT: {problem}")
    return MicroResult(runtime, arena, found)


def as_input(
    faces: npt.NDArray[np.uint8], *, io: IO, color: Color
) -> npt.NDArray[np.int8 | np.uint8 | np.float32]:
    """Convert uint8 [n, 48, 48] faces to the model's input, [n, 48, 48, channels]."""
    pixels = np.repeat(faces[..., np.newaxis], CHANNELS[color], axis=-1)
    if io == "int8":
        return (pixels ^ np.uint8(0x80)).view(np.int8)  # pixel - 128
    return pixels.astype(io)


def _run_micro(
    content: bytes, path: Path, inputs: npt.NDArray[np.generic], python: Path
) -> tuple[str, int, npt.NDArray[np.generic]]:
    """Run the worker; returns runtime, arena size and the raw outputs [n, labels]."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        here = Path(folder)
        (here / "model.tflite").write_bytes(content)
        np.save(here / "inputs.npy", inputs)
        command = [str(python), "-P", str(Path(tflite_micro_worker.__file__).absolute()), folder]
        done = run_python(command, without_own_packages(), what=f"{path}:")
        _check(done, path, python)
        told = json.loads((here / "told.json").read_text(encoding="utf-8"))
        return told["runtime"], told["arena_bytes"], np.load(here / "outputs.npy")


def _check(done: subprocess.CompletedProcess[str], path: Path, python: Path) -> None:
    if done.returncode == 0:
        return
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if "ModuleNotFoundError" in lines[-1]:
        raise InputError(f"{python}: {lines[-1]}: give the python of one with tflite-micro")
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise RuntimeCrashError(f"{path}: TFLite Micro crashes on it ({name})")
    raise CheckFailedError(f"{path}: TFLite Micro cannot run it: {'; '.join(lines[-2:])}")


def _run_reference(
    content: bytes, path: Path, inputs: npt.NDArray[np.generic]
) -> npt.NDArray[np.float32]:
    """Raw outputs of LiteRT's reference kernels, as float32 [n, labels]."""
    runner, (source,), (sink,), _ = runtime.build(content, path, resolver="reference")
    outputs = []
    for values in inputs:
        runner.set_tensor(source["index"], values[np.newaxis])
        runner.invoke()
        outputs.append(runner.get_tensor(sink["index"])[0].astype(np.float32))
    return np.stack(outputs)
