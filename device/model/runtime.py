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
        module: module with `Interpreter` and `OpResolverType`, as in all TensorFlow Lite packages.
        name: name and version, such as "ai-edge-litert 2.1.6".
    """

    module: Any
    name: str


@functools.cache
def find_runtime() -> Runtime:
    """Import the LiteRT runtime, or the older one for old and 32-bit boards.

    Raises:
        InputError: no runtime is installed.
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
    """Name and version of the runtime; imports it.

    Raises:
        InputError: no runtime is installed.
    """
    return find_runtime().name


def delegated_stretches(path: Path) -> list[tuple[list[int], list[int]]]:
    """Load any model and list the parts of the graph that the XNNPACK delegate runs.

    Returns:
        For each part its input tensors and its output tensors; empty without the delegate.

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

    A file that has not yet been run here is first tried in a separate process, see
    `device.model.trial`.

    Args:
        content: content of the whole model file.
        path: path of the file, for the message.
        threads: number of kernel threads.
        resolver: set of kernels, see `Classifier`.
        runtime: runtime package; the installed one if None.
        keep_tensors: whether all tensors can be read after a run.
        input_shape: shape for a single input whose shape the file leaves open.

    Returns:
        The interpreter, its inputs, its outputs, and whether a delegate runs the graph.

    Raises:
        InputError: the runtime cannot load the model, or crashes on it.
    """
    runtime = runtime or find_runtime()
    module = runtime.module
    trial.ensure_runs(
        content, path, module=module.__name__, name=runtime.name, resolver=RESOLVERS[resolver]
    )
    try:
        # LiteRT prints the delegate's messages; the reason for a failure is in the exception.
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
    """Set the shape of the only input, if the file leaves just these dimensions open."""
    details = interpreter.get_input_details()
    if len(details) != 1:
        return
    fixed = details[0]["shape_signature"]
    if len(fixed) == len(shape) and all(
        size in (-1, wanted) for size, wanted in zip(fixed, shape, strict=True)
    ):
        interpreter.resize_tensor_input(details[0]["index"], shape)
