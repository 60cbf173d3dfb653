"""Models built in memory, and interpreters without the checks of a classifier."""

import importlib
from typing import Any

from device.model.runtime import find_runtime
from device.system.stderr import suppress_stderr


def schema() -> Any | None:
    """Import LiteRT's schema of model files; None if only tflite-runtime is installed."""
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ModuleNotFoundError:
        return None


def pack(model: Any) -> bytes:
    """Serialize a `ModelT` of the schema to the content of a `.tflite` file."""
    import flatbuffers

    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def load(content: bytes) -> Any:
    """Create the interpreter of a model: one thread, XNNPACK if it takes the graph.

    Raises:
        ValueError, RuntimeError: the runtime does not load the model.
    """
    with suppress_stderr(show_on_error=False):
        interpreter = find_runtime().module.Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter
