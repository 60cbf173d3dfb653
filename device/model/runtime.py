"""The runtime package that executes `.tflite` files, and models loaded in it."""

import functools
import importlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from device.errors import InputError
from device.model import trial
from device.model.content import read
from device.system.stderr import suppress_stderr

Resolver = Literal["xnnpack", "builtin", "reference"]

_RUNTIMES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"))
RESOLVERS = {
    "xnnpack": "AUTO",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}


@dataclass(frozen=True)
class Runtime:
    """A package that executes models.

    Attributes:
        module: module with `Interpreter` and `OpResolverType`, which all of TensorFlow Lite's
            packages have.
        name: name and version, such as "ai-edge-litert 2.1.6".
    """

    module: Any
    name: str


@functools.cache
def find_runtime() -> Runtime:
    """Import the LiteRT runtime, or the older one for old and 32-bit boards.

    Raises:
        InputError: there is none.
    """
    for package, distribution in _RUNTIMES:
        try:
            module = importlib.import_module(f"{package}.interpreter")
        except ModuleNotFoundError:
            continue
        return Runtime(module, f"{distribution} {importlib.metadata.version(distribution)}")
    raise InputError(
        "no TensorFlow Lite runtime: pip install ai-edge-litert (old boards: 'fer-edge[legacy]')"
    )


def runtime_name() -> str:
    """Name and version of the runtime that models run in, which this imports.

    Raises:
        InputError: there is none.
    """
    return find_runtime().name


def delegated_stretches(path: Path) -> list[tuple[list[int], list[int]]]:
    """Load any model and list what the XNNPACK delegate took over.

    Returns:
        For each stretch the tensors that go in and those that come out; none without the delegate.

    Raises:
        InputError: the runtime cannot load the file.
    """
    interpreter, *_ = build(read(path), path)
    return [
        (details["inputs"].tolist(), details["outputs"].tolist())
        for details in interpreter._get_ops_details()
        if details["op_name"] == "DELEGATE"
    ]


def build(
    content: bytes,
    path: Path,
    threads: int = 1,
    resolver: Resolver = "xnnpack",
    runtime: Runtime | None = None,
    keep_tensors: bool = False,
    input_shape: tuple[int, ...] | None = None,
) -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Load any model whose graph `device.model.graph` has checked.

    A file that has not run here before is tried in a process of its own first, see
    `device.model.trial`.

    Args:
        content: the whole model file.
        path: where it came from, for the message.
        threads: number of kernel threads.
        resolver: set of kernels, see `Classifier`.
        runtime: the runtime; the installed one if None.
        keep_tensors: whether all tensors can be read after a run.
        input_shape: shape to give to an only input whose shape the file leaves open.

    Returns:
        The interpreter, its inputs, its outputs, and whether a delegate took the graph.

    Raises:
        InputError: the runtime cannot load it, or crashes on it.
    """
    runtime = runtime or find_runtime()
    module = runtime.module
    trial.ensure_runs(
        content, path, module=module.__name__, name=runtime.name, resolver=RESOLVERS[resolver]
    )
    try:
        # LiteRT reports the delegate; what it has against a file is in the error.
        with suppress_stderr(show_on_error=False):
            interpreter = module.Interpreter(
                model_content=content,
                num_threads=threads,
                experimental_op_resolver_type=module.OpResolverType[RESOLVERS[resolver]],
                experimental_preserve_all_tensors=keep_tensors,
            )
            if input_shape is not None:
                _resize_input(interpreter, input_shape)
            interpreter.allocate_tensors()
        operators = interpreter._get_ops_details()
        delegated = bool(operators) and operators[-1]["op_name"] == "DELEGATE"
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path} cannot be loaded by {runtime.name}: {reason[0] if reason else 'no reason'}"
        ) from error
    return interpreter, inputs, outputs, delegated


def _resize_input(interpreter: Any, shape: tuple[int, ...]) -> None:
    """Set the only input to a shape, where the file leaves open just what the shape fills in."""
    details = interpreter.get_input_details()
    if len(details) != 1:
        return
    fixed = details[0]["shape_signature"]
    if len(fixed) == len(shape) and all(
        size in (-1, wanted) for size, wanted in zip(fixed, shape, strict=True)
    ):
        interpreter.resize_tensor_input(details[0]["index"], shape)
