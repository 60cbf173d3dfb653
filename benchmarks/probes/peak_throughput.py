"""Measure the peak multiply-adds per second of a core, to rate the throughput of models."""

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import progress
from benchmarks.latency.timer import time_calls
from benchmarks.probes import raw_model
from device.model.runtime import find_runtime

if TYPE_CHECKING:
    from benchmarks.results.types import Peak, Throughput

SIDE = 512
"""Rows and columns of the matrices: large enough that the overhead of a call is negligible, while
the weights of 262 kB stay in a level 2 cache."""

_SCALE = 1 / 128


def measure(*, calls: int = 50) -> "Peak | None":
    """Time an int8 matrix product in the runtime of the models, with one thread.

    Args:
        calls: number of timed calls, at least 1.

    Returns:
        The `peak` block of `results.json`; None with tflite-runtime, which has no schema to build a
        model with.
    """
    schema = raw_model.schema()
    if schema is None:
        reason = f"{find_runtime().name} has no schema to make a model with"
        progress.skipped("peak throughput", None, reason)
        return None
    interpreter = raw_model.load(product(schema, SIDE))
    source = interpreter.get_input_details()[0]["index"]
    draw = np.random.default_rng(0)
    interpreter.set_tensor(source, draw.integers(-128, 128, (SIDE, SIDE), np.int8))
    times = time_calls(lambda _: interpreter.invoke(), range(calls))
    delegated = interpreter._get_ops_details()[-1]["op_name"] == "DELEGATE"
    return {
        "kind": "measured",
        "multiply_adds_per_second": SIDE**3 / (float(np.median(times)) / 1e9),
        "how": f"int8 FULLY_CONNECTED, {SIDE}x{SIDE} by {SIDE}x{SIDE}, 1 thread, "
        f"{find_runtime().name} {'with' if delegated else 'without'} XNNPACK, "
        f"median of {calls} calls",
    }


def throughput(
    multiply_adds: int | None, p50_us: float, peak: "Peak | None"
) -> "Throughput | None":
    """Compute a model's multiply-adds per second and their share of the peak.

    Args:
        multiply_adds: number of multiply-adds of one inference; None if not known.
        p50_us: median latency with one thread, in microseconds.
        peak: result of `measure`.

    Returns:
        The `throughput` block of `results.json`; None for a model without multiply-adds.
    """
    if not multiply_adds:
        return None
    rate = multiply_adds / (p50_us / 1e6)
    share = None if peak is None else rate / peak["multiply_adds_per_second"]
    return {"kind": "derived", "multiply_adds_per_second": rate, "share_of_peak": share}


def product(schema: Any, side: int) -> bytes:
    """Build a model that multiplies int8 [side, side] by weights of the same size.

    Args:
        schema: schema of model files, see `benchmarks.probes.raw_model.schema`.
        side: number of rows and columns.

    Returns:
        Content of a `.tflite` file.
    """
    kind = schema.BuiltinOperator.FULLY_CONNECTED
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = 4  # first version with int8

    weights = schema.BufferT()
    drawn = np.random.default_rng(0).integers(-127, 128, side * side, np.int8)
    weights.data = drawn.view(np.uint8)

    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, -1], [2]  # -1: no bias
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()

    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(schema, "input", side, buffer=0, scale=_SCALE),
        _tensor(schema, "weights", side, buffer=1, scale=_SCALE),
        _tensor(schema, "output", side, buffer=0, scale=1.0),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]

    model = schema.ModelT()
    model.version = 3
    model.operatorCodes, model.subgraphs = [code], [graph]
    model.buffers = [schema.BufferT(), weights]  # the first has to be empty
    return raw_model.pack(model)


def _tensor(schema: Any, name: str, side: int, *, buffer: int, scale: float) -> Any:
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = [scale], [0]
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name, [side, side], schema.TensorType.INT8
    tensor.buffer, tensor.quantization = buffer, quantization
    return tensor
