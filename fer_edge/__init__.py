"""Train, compress, measure and run compact facial-expression models on the edge.

This is the public Python API. Each name is loaded on first use; `import fer_edge` alone loads
neither OpenCV nor TensorFlow:

    import fer_edge

    model = fer_edge.load("zoo:base")
    for face in model.predict("portrait.jpg"):
        print(face.label, face.confidence, face.box, face.probabilities)

`load`, `track`, `export` and `benchmark` work with the base install; `train` and `quantize` need
the extra `train`.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from device.errors import CheckFailedError, FerEdgeError, InputError
    from fer_edge.api.build import TrainingRun, export, quantize, train
    from fer_edge.api.measure import BenchmarkRun, benchmark
    from fer_edge.api.model import Face, Model, load
    from fer_edge.api.tracking import TrackedFrame, track

# tensorflow-model-optimization only supports Keras 2 objects; TensorFlow reads this while loading.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

_MODULES = {
    "BenchmarkRun": "fer_edge.api.measure",
    "Face": "fer_edge.api.model",
    "FerEdgeError": "device.errors",
    "CheckFailedError": "device.errors",
    "InputError": "device.errors",
    "Model": "fer_edge.api.model",
    "TrackedFrame": "fer_edge.api.tracking",
    "TrainingRun": "fer_edge.api.build",
    "benchmark": "fer_edge.api.measure",
    "export": "fer_edge.api.build",
    "load": "fer_edge.api.model",
    "quantize": "fer_edge.api.build",
    "track": "fer_edge.api.tracking",
    "train": "fer_edge.api.build",
}

__all__ = [
    "BenchmarkRun",
    "CheckFailedError",
    "Face",
    "FerEdgeError",
    "InputError",
    "Model",
    "TrackedFrame",
    "TrainingRun",
    "__version__",
    "benchmark",
    "export",
    "load",
    "quantize",
    "track",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("fer-edge")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
