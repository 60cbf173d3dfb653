"""Results of a full session in schema 2.1, built without running one."""

import numpy as np

from benchmarks.metrics import accuracy
from device.labels import FER2013, FERPLUS

REFERENCE_SHA256 = "ef" * 32

FILES = (
    # name, precision, top-1, bytes, p50 in µs
    ("fer2013_float32", "float32", 0.660, 1_284_000, 340.0),
    ("fer2013_float16", "float16", 0.660, 645_000, 344.0),
    ("fer2013_dynamic", "dynamic", 0.658, 398_000, 262.0),
    ("fer2013_int8", "int8", 0.662, 439_000, 151.0),
    ("ferplus_float32", "float32", 0.843, 1_285_000, 341.0),
    ("ferplus_int8", "int8", 0.844, 440_000, 152.0),
    ("emotion_model_quantized", "dynamic", 0.657, 122_000, 410.0),
)


def full_results(
    *, rounds: int = 60, images: int = 800, seed: int = 0, marks: tuple[dict, ...] = ()
) -> dict:
    """Build results of all FILES; another seed simulates another day on the same machine."""
    draw = np.random.default_rng(seed)
    reference = latency(75.0, draw, rounds)
    state = {
        "load": [0.3, 0.4, 0.5],
        "clock_mhz": [2400.0, 2400.0],
        "governor": "performance",
        "temperature_c": 51.5,
        "throttled": {"raw": 0, "flags": []},
        "context_switches_involuntary": 12,
    }
    return {
        "schema_version": "2.1",
        "created": "2026-01-02T03:04:05+00:00",
        "created_by": "fer-edge 0.1.0",
        "partial": False,
        "machine": {
            "cpu": "Cortex-A76",
            "board": "Example Board 5",
            "architecture": "aarch64",
            "instruction_sets": ["asimd", "asimdhp", "asimddp"],
            "microarchitecture": "cortex-a76",
            "core_class": "arm-dot",
            "cores": 4,
            "cores_allowed": 4,
            "governor": "performance",
            "os": "Linux-6.6-aarch64",
            "python": "3.11.0",
            "numpy": "2.0.0",
            "host": "example",
            "before": state,
            "after": {**state, "temperature_c": 58.0},
            "marks": list(marks),
        },
        "data": {
            "name": "noise",
            "digest": "ab" * 32,
            "split": "test",
            "images": images,
            "leaked": None,
            "synthetic": False,
        },
        "protocol": {
            "threads": [1, 2, 4],
            "rounds": rounds,
            "per_round": 10,
            "seed": 0,
            "timed": "set input, invoke, read probabilities",
            "backend": "litert",
            "reference": "reference_int8",
        },
        "reference": {
            "name": "reference_int8",
            "sha256": REFERENCE_SHA256,
            "latency": reference,
        },
        "peak": {
            "kind": "measured",
            "multiply_adds_per_second": 9.5e10,
            "how": "int8 matrix product, 1024 x 1024 x 1024, one thread",
        },
        "models": [model(*file, images, rounds, draw, reference) for file in FILES],
        "frame_counts": [frame_count("cortex-a53"), frame_count("cortex-a76")],
        "frame": {
            "kind": "measured",
            "video": "faces.mp4",
            "frames": 300,
            "model": "fer2013_int8",
            "detector": "yunet",
            "stages": {
                stage: {"p50_us": p50, "p90_us": 1.2 * p50, "p99_us": 1.7 * p50}
                for stage, p50 in (
                    ("detect", 4100.0),
                    ("crop", 95.0),
                    ("classify", 160.0),
                    ("smooth", 21.0),
                    ("whole", 4390.0),
                )
            },
        },
    }


def model(name, precision, top1, size, p50, images, rounds, draw, reference) -> dict:
    peer = name.startswith("emotion")
    labels = FERPLUS if name.startswith("ferplus") else FER2013
    main = latency(p50, draw, rounds, reference)
    multiply_adds = 24_000_000
    return {
        "name": name,
        "path": f"runs/zoo/{name}.tflite",
        "sha256": "0" * 64,
        "head": "ferplus" if labels is FERPLUS else "fer2013",
        "labels": list(labels),
        "precision": precision,
        "input_dtype": "int8" if precision == "int8" else "float32",
        "runtime": "ai-edge-litert 2.1.6",
        "delegated": True,
        "peer": {"name": name, "size": [64, 64]} if peer else None,
        "size": {
            "kind": "measured",
            "bytes": size,
            "bytes_gzip": int(0.7 * size),
            "parameters": 318_000,
            "multiply_adds": multiply_adds,
        },
        "accuracy": answers(top1, labels, images, draw),
        "accuracy_leak_free": None,
        "latency": main,
        "sweep": [
            sweep("xnnpack", 2, latency(0.8 * p50, draw, rounds, reference)),
            sweep("xnnpack", 4, latency(0.9 * p50, draw, rounds, reference)),
            sweep("builtin", 1, latency(3.2 * p50, draw, rounds, reference)),
        ],
        "cold": None
        if peer
        else {
            "kind": "measured",
            "n": 10,
            "load_ms": {"p50": 2.1, "ci95": [2.0, 2.3]},
            "first_ms": {"p50": 3 * p50 / 1000, "ci95": [2.9 * p50 / 1000, 3.2 * p50 / 1000]},
            "peak_rss_kb": {"p50": 52_000 + size // 1000, "ci95": [52_000, 53_900]},
            "runtime_rss_kb": 50_100,
        },
        "operators": operators(p50, multiply_adds),
        "throughput": {
            "kind": "derived",
            "multiply_adds_per_second": multiply_adds / p50 * 1e6,
            "share_of_peak": multiply_adds / p50 * 1e6 / 9.5e10,
        },
        "counts": [count(core, multiply_adds) for core in ("cortex-a72", "cortex-a76")],
    }


def sweep(resolver: str, threads: int, block: dict) -> dict:
    return {"backend": "litert", "resolver": resolver, "threads": threads, "latency": block}


def latency(p50: float, draw, rounds: int, reference: dict | None = None) -> dict:
    machine = np.ones(rounds) if reference is None else np.array(reference["round_medians_us"])
    shared = machine / np.median(machine)
    calls = p50 * shared[:, None] * np.exp(0.02 * draw.gumbel(size=(rounds, 10)))
    calls *= np.where(draw.random((rounds, 10)) < 0.02, 1.6, 1.0)
    medians = np.median(calls, axis=1)
    counts, edges = np.histogram(calls, bins=24)
    block = {
        "kind": "measured",
        "n": calls.size,
        "rounds": rounds,
        "histogram_us": {"edges": edges.tolist(), "counts": counts.tolist()},
        "round_medians_us": medians.tolist(),
        "marked": False,
    }
    for q in (50, 90, 99):
        value = float(np.percentile(calls, q))
        block |= {f"p{q}_us": value, f"p{q}_us_ci95": [0.99 * value, 1.01 * value]}
    for to, ratio in (("first", p50 / 340), ("reference", float(np.median(medians / machine)))):
        block |= {f"ratio_to_{to}": ratio, f"ratio_to_{to}_ci95": [0.99 * ratio, 1.01 * ratio]}
    return block


def answers(top1: float, labels, images: int, draw) -> dict:
    """Accuracy block with a given top-1; most wrong predictions are the next class."""
    k = len(labels)
    truth = draw.integers(0, k, images)
    wrong = np.arange(images) >= round(top1 * images)
    said = (truth + wrong * np.where(draw.random(images) < 0.6, 1, draw.integers(1, k, images))) % k
    sure = draw.uniform(0.35, 0.95, images)[:, None]
    probabilities = (1 - sure) / (k - 1) * np.ones((images, k))
    probabilities[np.arange(images), said] = sure[:, 0]
    return accuracy.metrics(probabilities.astype(np.float32), truth, labels)


def operators(p50: float, multiply_adds: int) -> dict:
    parts = (("CONV_2D", 0.31), ("DEPTHWISE_CONV_2D", 0.22), ("CONV_2D", 0.27), ("ADD", 0.05))
    parts += (("MEAN", 0.04), ("FULLY_CONNECTED", 0.07), ("SOFTMAX", 0.04))
    return {
        "kind": "measured",
        "rows": [
            {
                "index": i,
                "name": name,
                "us_p50": share * p50,
                "share": share,
                "multiply_adds": int(share * multiply_adds),
            }
            for i, (name, share) in enumerate(parts)
        ],
    }


def slowed(results: dict, name: str, factor: float) -> dict:
    """Make one model slower in results, in place."""
    block = next(one for one in results["models"] if one["name"] == name)["latency"]
    block["round_medians_us"] = [factor * value for value in block["round_medians_us"]]
    for key in ("p50_us", "p90_us", "p99_us"):
        block[key] *= factor
        block[f"{key}_ci95"] = [factor * value for value in block[f"{key}_ci95"]]
    return results


def count(core: str, multiply_adds: int) -> dict:
    instructions = multiply_adds // (3 if core == "cortex-a72" else 8)
    by_kind = dict.fromkeys(
        ("dot_product", "integer_multiply", "float_multiply", "load", "store"), 1000
    )
    return {
        "kind": "counted",
        "core": core,
        "core_class": "arm-dot" if core == "cortex-a76" else "arm-nodot",
        "instructions": instructions,
        "by_kind": by_kind | {"other": instructions - 5000},
        "bytes_read": 2_000_000,
        "bytes_written": 100_000,
        "working_set_bytes": 640_000,
        "runtime": "ai-edge-litert 2.1.6",
        "emulator": "QEMU 7.2",
        "estimate": {
            "kind": "estimated",
            "cycles_low": instructions // 2,
            "cycles_high": instructions // 2,
            "how": "llvm-mca",
            "boards": [
                {"board": "Raspberry Pi 4", "ghz": 1.8, "ms_low": 4.4, "ms_high": 4.4},
            ],
        },
    }


def frame_count(core: str) -> dict:
    stage = {"instructions": 20_000_000, "cycles_low": 9_000_000, "cycles_high": 11_000_000}
    board, ghz = ("Raspberry Pi 5", 2.4) if core == "cortex-a76" else ("Raspberry Pi 3B", 1.2)
    return {
        "kind": "counted",
        "core": core,
        "core_class": "arm-dot" if core == "cortex-a76" else "arm-nodot",
        "video": "face.mp4",
        "size": [640, 480],
        "frames": 8,
        "model": "fer2013_int8.tflite",
        "detector": "haar",
        "every": 1,
        "runtime": "ai-edge-litert 2.1.6",
        "emulator": "QEMU 7.2",
        "instructions": 120_000_000,
        "stages": dict.fromkeys(("track", "decode", "detect", "crop", "classify", "sink"), stage),
        "estimate": {
            "kind": "estimated",
            "cycles_low": 54_000_000,
            "cycles_high": 66_000_000,
            "how": "issue rules",
            "boards": [
                {
                    "board": board,
                    "ghz": ghz,
                    "ms_low": 54 / ghz,
                    "ms_high": 66 / ghz,
                }
            ],
        },
    }


def results_1_0() -> dict:
    """Build results of three of the FILES in the format of schema 1.0."""
    whole = full_results(rounds=20, images=200)
    machine, protocol = whole["machine"], whole["protocol"]
    processor = ("instruction_sets", "microarchitecture", "core_class")
    for key in ("host", "before", "after", "marks", *processor):
        del machine[key]
    del protocol["backend"], protocol["reference"]
    for key in ("reference", "peak", "frame", "frame_counts"):
        del whole[key]
    whole["models"] = [whole["models"][i] for i in (0, 3, 5)]
    for one in whole["models"]:
        for key in ("precision", "peer", "sweep", "cold", "operators", "throughput", "counts"):
            del one[key]
        del one["size"]["parameters"], one["size"]["multiply_adds"]
        kept = ("kind", "n", "rounds", "p50_us", "p50_us_ci95", "p90_us", "p99_us")
        kept += ("ratio_to_first", "ratio_to_first_ci95")
        one["latency"] = {key: one["latency"][key] for key in kept}
    load = [0.3, 0.4, 0.5]
    return whole | {
        "schema_version": "1.0",
        "machine": machine | {"load_before": load, "load_after": load},
        "protocol": protocol | {"threads": 1},
    }
