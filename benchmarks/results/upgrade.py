"""Converts results of older schema versions; values that were not measured then are None."""

from typing import Any

from device.system import processor

_LATENCY = (
    "p90_us_ci95",
    "p99_us_ci95",
    "histogram_us",
    "round_medians_us",
    "ratio_to_reference",
    "ratio_to_reference_ci95",
)

_PROCESSOR: dict[str, Any] = {
    "instruction_sets": None,
    "microarchitecture": None,
    "core_class": processor.UNKNOWN,
}


def from_2(old: dict[str, Any]) -> dict[str, Any]:
    """Convert unchecked results of any version 2 to 2.1.

    Version 2.0 named no core and counted no instructions.
    """
    new = {"frame_counts": []} | old | {"schema_version": "2.1"}
    if isinstance(old.get("machine"), dict):
        new["machine"] = _PROCESSOR | old["machine"]
    if isinstance(old.get("models"), list):
        new["models"] = [
            {"counts": []} | model if isinstance(model, dict) else model for model in old["models"]
        ]
    return new


def from_1_0(old: dict[str, Any]) -> dict[str, Any]:
    """Convert unchecked results of version 1.0 to 2.1.

    Version 1.0 had a single number of threads and no reference workload, cold starts, operators or
    camera frames, and kept only the median over the rounds.

    Raises:
        KeyError: a part is missing.
        TypeError, AttributeError: a part has another type.
    """
    machine = dict(old["machine"])
    before, after = machine.pop("load_before"), machine.pop("load_after")
    governor = machine["governor"]
    protocol, runtimes = old["protocol"], {model["runtime"] for model in old["models"]}
    legacy = any(runtime.startswith("tflite-runtime") for runtime in runtimes)
    return old | {
        "schema_version": "2.1",
        "machine": machine
        | {
            "host": None,
            "before": _state(before, governor),
            "after": None if after is None else _state(after, governor),
            "marks": [],
            **_PROCESSOR,
        },
        "protocol": protocol
        | {
            "threads": [protocol["threads"]],
            "backend": "tflite-runtime" if legacy else "litert",
            "reference": None,
        },
        "reference": None,
        "peak": None,
        "models": [_model(model) for model in old["models"]],
        "frame": None,
        "frame_counts": [],
    }


def _state(load: list[float] | None, governor: str | None) -> dict[str, Any]:
    return {
        "load": load,
        "clock_mhz": None,
        "governor": governor,
        "temperature_c": None,
        "throttled": None,
        "context_switches_involuntary": None,
    }


def _model(old: dict[str, Any]) -> dict[str, Any]:
    latency = old["latency"]
    return old | {
        # Three precisions have a float32 input, so it does not determine the precision.
        "precision": "int8" if old["input_dtype"] == "int8" else None,
        "peer": None,
        "size": old["size"] | {"parameters": None, "multiply_adds": None},
        "latency": latency and dict.fromkeys(_LATENCY) | latency | {"marked": False},
        "sweep": [],
        "counts": [],
        **dict.fromkeys(("cold", "operators", "throughput")),
    }
