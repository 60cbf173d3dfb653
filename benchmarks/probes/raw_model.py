"""Models made in memory, and the device's interpreter without what a classifier needs around it."""

import importlib
from typing import Any

from device.model.runtime import find_runtime
from device.system.stderr import suppress_stderr


def schema() -> Any | None:
    """Import the schema of model files as LiteRT ships it; None where tflite-runtime runs alone."""
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ModuleNotFoundError:
        return None


def pack(model: Any) -> bytes:
    """Write a `ModelT` of the schema as the content of a `.tflite` file."""
    import flatbuffers

    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def load(content: bytes) -> Any:
    """Give a model's interpreter: one thread, XNNPACK where it takes the graph.

    Raises:
        ValueError, RuntimeError: the runtime does not take the model.
    """
    with suppress_stderr(show_on_error=False):
        interpreter = find_runtime().module.Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter
