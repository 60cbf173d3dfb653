"""Runs LiteRT's quantizer in a separate process, since it pins another LiteRT version."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from device.errors import CheckFailedError, InputError
from device.model import graph
from device.model.graph import Graph
from device.system.run_python import run_python, without_own_packages
from quantization.ptq import litert_worker
from quantization.ranges import Range
from quantization.tflite import compact

VARIABLE = "FER_EDGE_QUANTIZER_PYTHON"
"""Environment variable with the path of the `python` that has the quantizer."""

INSTALL = "python -m venv quantizer && quantizer/bin/pip install litert-quantizer"


@dataclass(frozen=True)
class Source:
    """A float model file prepared for the quantizer: no metadata, unique tensor names.

    Attributes:
        content: content of the prepared file.
        graph: its graph; operators and tensors have the same indices as in the original.
    """

    content: bytes
    graph: Graph


def find(python: Path | None = None) -> str:
    """Name and version of the quantizer.

    Args:
        python: Python executable of the environment with the quantizer; default: this one.

    Raises:
        InputError: the Python cannot be run, or has no quantizer.
    """
    done = _run(python)
    if done.returncode == litert_worker.NOT_INSTALLED:
        raise InputError(
            f"{python or sys.executable} has no litert-quantizer, which needs its own "
            f"environment: {INSTALL}, then give --quantizer quantizer/bin/python, or name it in "
            f"{VARIABLE}"
        )
    if done.returncode != 0:
        raise InputError(f"{python or sys.executable} cannot run a quantizer: {_reason(done)}")
    return done.stdout.strip()


def prepare(path: Path) -> Source:
    """Load a float model file; raises InputError if it is missing or damaged."""
    from ai_edge_litert import schema_py_generated as schema

    content = graph.load(path).path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content)
    model.metadata = None
    compact.shorten_names(model)
    bare = compact.serialize(model)
    return Source(bare, graph.parse(bare, path))


def rewrite(
    source: Source,
    ranges: Mapping[int, Range],
    keep: Iterable[int] = (),
    *,
    python: Path | None = None,
) -> bytes:
    """Quantize a float model file: int8 weights with a scale per channel, int8 activations.

    Args:
        source: float model file from `prepare`.
        ranges: (lowest, highest) of each activation, by tensor index.
        keep: indices of the operators that stay in float, with their weights.
        python: Python executable of the environment with the quantizer; default: this one.

    Returns:
        The content of the int8 file, without metadata.

    Raises:
        InputError: the Python cannot be run.
        CheckFailedError: it has no quantizer, or the quantizer rejects the file or times out.
    """
    tensors, operators = source.graph.tensors, source.graph.operators
    job = {
        "ranges": {tensors[index].name: found for index, found in ranges.items()},
        "keep": [(tensors[operators[i].outputs[0]].name, operators[i].name) for i in keep],
    }
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        here = Path(folder)
        (here / "float.tflite").write_bytes(source.content)
        (here / "job.json").write_text(json.dumps(job), encoding="utf-8")
        done = _run(python, folder)
        if done.returncode != 0:
            raise CheckFailedError(
                f"{source.graph.path}: LiteRT's quantizer fails: {_reason(done)}"
            )
        return (here / "quantized.tflite").read_bytes()


def _run(python: Path | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the worker script in the quantizer's environment."""
    environment = dict(os.environ) if python is None else without_own_packages()
    command = [str(python or sys.executable), "-P", litert_worker.__file__, *arguments]
    return run_python(command, environment, what="LiteRT's quantizer")


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
