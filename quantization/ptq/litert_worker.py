"""Worker script: quantizes a float model file with LiteRT's quantizer in its environment.

`python litert_worker.py FOLDER` reads `float.tflite` and `job.json` from FOLDER and writes
`quantized.tflite` there; without FOLDER it prints the quantizer's name and version. It imports
nothing from this project. Exit code 3: no quantizer.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

# The second name is the library's former one, which gets no new versions.
PACKAGES = {"litert_quantizer": "litert-quantizer", "ai_edge_quantizer": "ai-edge-quantizer"}
NOT_INSTALLED = 3


def find() -> str | None:
    """Name of the package to import; None if it is not installed."""
    for package in PACKAGES:
        if importlib.util.find_spec(package):
            return package
    return None


def quantize(package: str, content: bytes, job: dict[str, Any]) -> bytes:
    """Quantize weights and activations to int8, except for the operators that stay in float.

    Args:
        package: name of the quantizer package.
        content: content of the float `.tflite` file, with unique tensor names.
        job: "ranges": (lowest, highest) by activation name; "keep": [output name, operator] of each
            operator that stays in float.
    """
    import numpy as np

    quantizer = importlib.import_module(f"{package}.quantizer")
    recipe = importlib.import_module(f"{package}.recipe")
    qtyping = importlib.import_module(f"{package}.qtyping")
    work = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    for output, operator in job["keep"]:
        # Name the operator: `*` would also keep the file's output in float with the last operator.
        work.update_quantization_recipe(
            regex=f"^{re.escape(output)};$",
            operation_name=qtyping.TFLOperationName(operator),
            algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE,
        )
    ranges = {
        name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
        for name, (low, high) in job["ranges"].items()
    }
    return bytes(work.quantize(ranges, enable_progress_report=False).quantized_model)


def main(folder: str | None = None) -> int:
    """Run the job in a folder; without one, print the quantizer's name and version."""
    package = find()
    if package is None:
        return NOT_INSTALLED
    if folder is None:
        name = PACKAGES[package]
        print(name, importlib.metadata.version(name))
        return 0
    here = Path(folder)
    job = json.loads((here / "job.json").read_text(encoding="utf-8"))
    content = quantize(package, (here / "float.tflite").read_bytes(), job)
    (here / "quantized.tflite").write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
