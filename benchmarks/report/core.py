"""The core class that latencies were measured on, and int8 models that are slower than float32."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from device.system.processor import DOT_PRODUCT, UNKNOWN

if TYPE_CHECKING:
    from benchmarks.results.types import ModelResult, Results

_NO_DOT_PRODUCT = (
    "cores of class {core} have no int8 dot product and widen every product to 16 or 32 bits, "
    "which float32 does not need"
)
_DOT_PRODUCT = (
    "unexpected on class {core}, which has an int8 dot product: look for marks, and whether the "
    "runtime's fast kernels (XNNPACK) took the model"
)
_UNKNOWN = "the core class is not known; without an int8 dot product this is expected"


def machine_name(results: "Results") -> str:
    """Return the name of the board, or that of the processor if there is none."""
    machine = results["machine"]
    return machine["board"] or machine["cpu"] or machine["architecture"]


def machine_title(results: "Results") -> str:
    """Return the name of the machine and its core class, within which latencies compare."""
    return f"{machine_name(results)}, core class {results['machine']['core_class']}"


def slower_int8(results: "Results") -> Iterator[str]:
    """Yield a line for each int8 model that is slower than its float32 twin, with the reason."""
    core = results["machine"]["core_class"]
    reason = (
        _UNKNOWN if core == UNKNOWN else _DOT_PRODUCT if core in DOT_PRODUCT else _NO_DOT_PRODUCT
    )
    for model in results["models"]:
        twin = _float_twin(model, results["models"]) if model["precision"] == "int8" else None
        if twin is None or not (model["latency"] and twin["latency"]):
            continue
        ratio = model["latency"]["p50_us"] / twin["latency"]["p50_us"]
        if ratio > 1:
            yield (
                f"{model['name']} takes {ratio:.2f} times as long as {twin['name']} here: "
                f"{reason.format(core=core)}"
            )


def _float_twin(model: "ModelResult", models: list["ModelResult"]) -> "ModelResult | None":
    """Find the float32 model of the same net: the same labels and multiply-adds."""
    work = model["size"]["multiply_adds"]
    return next(
        (
            other
            for other in models
            if other["precision"] == "float32"
            and other["head"] == model["head"]
            and work is not None
            and other["size"]["multiply_adds"] == work
        ),
        None,
    )
