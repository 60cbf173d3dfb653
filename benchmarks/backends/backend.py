"""Run a model in other runtimes for comparison, each in a separate process.

A second runtime in the same process would add its memory and threads, and tflite-runtime needs an
older numpy, so it cannot share an environment. A backend other than the one of this process
therefore runs in another process, if necessary with another Python, and times itself there.
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
"""Names of the backends."""

PYTHON = {
    "tflite-runtime": "FER_EDGE_TFLITE_RUNTIME_PYTHON",
    "tensorflow": "FER_EDGE_TENSORFLOW_PYTHON",
    "onnxruntime": "FER_EDGE_ONNXRUNTIME_PYTHON",
}
"""Environment variable with the path of the Python that has a backend."""

_NEEDS = {
    "tflite-runtime": ("tflite_runtime",),
    "tensorflow": ("tensorflow",),
    "onnxruntime": ("onnxruntime", "tf2onnx"),
}


class Worker:
    """A model in a separate process, with the interface of one in this process.

    Attributes:
        labels: labels that the file names.
        precision: dtype of the input.
        runtime: name and version of the runtime.
        delegated: whether XNNPACK took the graph.
    """

    def __init__(
        self, python: str, backend: str, path: Path, threads: int, resolver: Resolver | None
    ) -> None:
        """Start the process and wait until the model is loaded.

        Args:
            python: path of the Python to start.
            backend: name of the backend, one of NAMES.
            path: `.tflite` file.
            threads: number of threads of the kernels.
            resolver: kernels of a TensorFlow Lite runtime; None for ONNX Runtime.

        Raises:
            InputError: the Python is missing or lacks the backend, or the model cannot be run.
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
        """Classify one face.

        Args:
            face: uint8 [48, 48], gray 0..255.

        Returns:
            float32 [labels], probabilities.
        """
        return np.frombuffer(self._ask("classify", [face], 4 * len(self.labels)), np.float32)

    def time(self, faces: Sequence[NDArray[np.uint8]]) -> list[int]:
        """Time calls in the process; see `benchmarks.latency.timer.time_calls`."""
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
        """Return the worker."""
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
        """Send a request and read an answer of `size` bytes."""
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
    """List the backends that can be opened: that of this process, and those with a Python.

    A Python that is named by an environment variable is not checked.
    """
    return [name for name in NAMES if name == own() or (name in PYTHON and _python(name))]


def open(
    name: str, path: Path, *, threads: int = 1, resolver: Resolver | None = "xnnpack"
) -> Classifier | Worker:
    """Open a model in a backend.

    Args:
        name: one of NAMES.
        path: `.tflite` file that `device.model.classifier.Classifier` can run.
        threads: number of threads of the kernels.
        resolver: see `device.model.classifier.Classifier`; None for ONNX Runtime, which has no such
            choice.

    Returns:
        A callable like `Classifier`. A `Worker` has to be closed.

    Raises:
        InputError: the backend is unknown or not installed, or cannot run the model.
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
    """Return the name of the backend that runs in this process."""
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
    """Return the environment of the process, without PYTHONPATH for another Python."""
    own = ("PYTHONPATH", "PYTHONHOME") if python != sys.executable else ()
    return {name: value for name, value in os.environ.items() if name not in own}
