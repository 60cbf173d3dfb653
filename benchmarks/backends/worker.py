"""Serve a model over pipes in a separate process; `backend` starts it.

The process first writes a line of JSON with the labels, precision, runtime and delegated of the
model. A request is a line of JSON, {"do": "classify" or "time", "faces": n}, followed by n faces,
uint8 [48, 48] each. The answer to "classify" is float32 [labels] of one face, the answer to "time"
is int64 [n] nanoseconds, measured here so that the pipe is not included. The process ends with its
input.
"""

import importlib
import json
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from benchmarks.latency.timer import time_calls
from device.geometry import FACE_SIZE
from device.model.classifier import Classifier
from device.model.runtime import Resolver, Runtime

if TYPE_CHECKING:
    from benchmarks.backends.onnx_runtime import OnnxClassifier

_INTERPRETERS = {
    "litert": ("ai_edge_litert.interpreter", "ai-edge-litert"),
    "tflite-runtime": ("tflite_runtime.interpreter", "tflite-runtime"),
    "tensorflow": ("tensorflow.lite.python.interpreter", "tensorflow"),
}


def main(backend: str, path: str, threads: str, resolver: str) -> None:
    """Open a model and answer requests on standard input until it ends.

    Args:
        backend: name of the backend.
        path: path of the `.tflite` file.
        threads: number of threads of the kernels.
        resolver: kernels of a TensorFlow Lite runtime.

    Raises:
        InputError: the model cannot be run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and closes the pipe
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # keep messages of the runtime out of the answers
    classifier = _open(backend, Path(path), int(threads), cast(Resolver, resolver))
    facts = ("labels", "precision", "runtime", "delegated")
    hello = {name: getattr(classifier, name) for name in facts}
    answers.write(json.dumps(hello).encode() + b"\n")
    answers.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        faces = _read(sys.stdin.buffer, request["faces"])
        if request["do"] == "time":
            answers.write(np.array(time_calls(classifier, list(faces)), np.int64).tobytes())
        else:
            answers.write(classifier(faces[0]).tobytes())
        answers.flush()


def _open(
    backend: str, path: Path, threads: int, resolver: Resolver
) -> "Classifier | OnnxClassifier":
    if backend == "onnxruntime":
        from benchmarks.backends.onnx_runtime import OnnxClassifier

        return OnnxClassifier(path, threads=threads)
    module, distribution = _INTERPRETERS[backend]
    runtime = Runtime(importlib.import_module(module), f"{distribution} {version(distribution)}")
    return Classifier(path, threads=threads, resolver=resolver, runtime=runtime)


def _read(stream: BinaryIO, faces: int) -> npt.NDArray[np.uint8]:
    content = stream.read(faces * FACE_SIZE * FACE_SIZE)
    return np.frombuffer(content, np.uint8).reshape(faces, FACE_SIZE, FACE_SIZE)
