"""The same model in other runtimes, for comparison: each one in a process of its own.

A second runtime beside the first would bring its memory and its threads, and tflite-runtime needs
an older numpy: it cannot share an environment with the rest. So a backend other than the device's
own runs in another process, of another Python where there is one, and times itself in there.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.backends.bootstrap import BOOTSTRAP
from device.errors import InputError
from device.model.classifier import Classifier
from device.model.runtime import Resolver, runtime_name

NAMES = ("litert", "tflite-runtime", "tensorflow", "onnxruntime")
"""What `open` knows."""

PYTHON = {
    "tflite-runtime": "FER_EDGE_TFLITE_RUNTIME_PYTHON",
    "tensorflow": "FER_EDGE_TENSORFLOW_PYTHON",
    "onnxruntime": "FER_EDGE_ONNXRUNTIME_PYTHON",
}
"""Variable of the environment that names the `python` of the environment that has a backend."""

_NEEDS = {
    "tflite-runtime": ("tflite_runtime",),
    "tensorflow": ("tensorflow",),
    "onnxruntime": ("onnxruntime", "tf2onnx"),
}


class Worker:
    """A model in a process of its own, called and timed like one in this process.

    Attributes:
        labels: as the file names them.
        precision: dtype of the input.
        runtime: name and version of what runs the model.
        delegated: whether XNNPACK took the graph.
    """

    def __init__(
        self, python: str, backend: str, path: Path, threads: int, resolver: Resolver | None
    ) -> None:
        """Start the process and wait until the model is loaded.

        Raises:
            InputError: there is no such Python, it lacks what it needs, or the model cannot be run.
        """
        self._name = f"{path} in {backend} of {python}"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        arguments = [
            "benchmarks.backends.worker",
            backend,
            str(path),
            str(threads),
            resolver or "xnnpack",
        ]
        try:
            self._process = subprocess.Popen(
                [python, "-P", str(BOOTSTRAP), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(python),
            )
        except OSError as error:
            self._log.close()
            raise InputError(f"{python} cannot be started: {error.strerror}") from error
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        hello = json.loads(self._answers.readline() or self._fail())
        self.labels = tuple(hello["labels"])
        self.precision: str = hello["precision"]
        self.runtime: str = hello["runtime"]
        self.delegated: bool = hello["delegated"]

    def __call__(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify one face, uint8 [48, 48]; gives float32 [labels]."""
        return np.frombuffer(self._ask("classify", [face], 4 * len(self.labels)), np.float32)

    def time(self, faces: Sequence[NDArray[np.uint8]]) -> list[int]:
        """Time calls in the process, see `benchmarks.latency.timer.turn`; the pipe is not timed."""
        answer = self._ask("time", faces, 8 * len(faces))
        return [int(time) for time in np.frombuffer(answer, np.int64)]

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def _ask(self, what: str, faces: Sequence[NDArray[np.uint8]], size: int) -> bytes:
        """Send a request and read an answer of so many bytes."""
        request = json.dumps({"do": what, "faces": len(faces)}).encode() + b"\n"
        try:
            self._requests.write(request + np.stack(faces).tobytes())
            self._requests.flush()
            answer = self._answers.read(size)
        except BrokenPipeError:
            answer = b""
        if len(answer) < size:
            self._fail()
        return answer

    def _fail(self) -> NoReturn:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        self.close()
        raise InputError(f"{self._name}: {lines[-1] if lines else f'ended with code {code}'}")


def available() -> list[str]:
    """Name the backends that can be opened here: "litert" and those whose Python has them.

    A Python that a variable of the environment names is taken at its word.
    """
    return [name for name in NAMES if name == own() or (name in PYTHON and _python(name))]


def open(
    name: str, path: Path, *, threads: int = 1, resolver: Resolver | None = "xnnpack"
) -> Classifier | Worker:
    """Open a model in a backend.

    Args:
        name: one of NAMES.
        path: a `.tflite` file that `device.model.classifier.Classifier` runs.
        threads: of the kernels.
        resolver: see `device.model.classifier.Classifier`; None for ONNX Runtime, which has no such
            choice.

    Returns:
        Called like a `Classifier`. What is a `Worker` is a process, which `close` ends.

    Raises:
        InputError: no such backend, it is not installed, or it cannot run the model.
    """
    if name not in NAMES:
        raise InputError(f"backend {name!r}: give one of {', '.join(NAMES)}")
    if name == own():
        return Classifier(path, threads=threads, resolver=resolver or "xnnpack")
    python = _python(name) if name in PYTHON else None
    if python is None:
        raise InputError(_how_to_get(name))
    return Worker(python, name, path, threads, resolver)


def own() -> str:
    """Name the backend that runs in this process."""
    return "tflite-runtime" if runtime_name().startswith("tflite-runtime") else "litert"


def _python(name: str) -> str | None:
    """Find the Python that has a backend: the one that is named for it, or this one."""
    named = os.environ.get(PYTHON[name])
    if named:
        return named
    found = all(importlib.util.find_spec(package) for package in _NEEDS[name])
    return sys.executable if found else None


def _how_to_get(name: str) -> str:
    if name == "litert":
        return "backend litert: pip install ai-edge-litert"
    packages = " and ".join(package.replace("_", "-") for package in _NEEDS[name])
    return f"backend {name}: set {PYTHON[name]} to the python of an environment that has {packages}"


def _environment(python: str) -> dict[str, str]:
    """Give the variables of the process; packages of this Python are none of another's business."""
    own = ("PYTHONPATH", "PYTHONHOME") if python != sys.executable else ()
    return {name: value for name, value in os.environ.items() if name not in own}
