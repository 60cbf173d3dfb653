"""Costs of a net, counted before training, with a cache file."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.counting import kit
from benchmarks.counting.cores import CORES
from device.errors import InputError
from device.model import graph
from device.system.atomic_file import replacing
from fer_edge import zoo
from fer_edge.models.mobilenet import MobileNet
from fer_edge.search import space
from fer_edge.search.budget import FER, MULTIPLY_ADDS, PARAMETERS, SIZE, Costs

_CALIBRATION = 100  # images; their content does not change a count


class CostCounter:
    """Counts instructions of nets as int8 files.

    Args:
        cores: names of the cores; if there are any, `fer-edge fetch arm` must have been run.
        cache: JSON file of earlier counts; created if missing.
        labels: number of labels by head.

    Raises:
        InputError: the kit is not installed.
    """

    def __init__(self, cores: Sequence[str], cache: Path, labels: dict[str, int]) -> None:
        self._cores, self._cache, self._labels = cores, cache, labels
        self._runtime = runtime() if cores else ""

    def without_counting(self, net: MobileNet) -> Costs:
        """The costs of a net that are known without running it."""
        return CostCounter([], self._cache, self._labels)(net)

    def __call__(self, net: MobileNet) -> Costs:
        """The costs of a net, counted once per architecture."""
        known = json.loads(self._cache.read_text("utf-8")) if self._cache.exists() else {}
        key = f"{space.digest(net)} {self._runtime}".strip()
        costs: dict[str, float] = known.get(key, {})
        if missing := {MULTIPLY_ADDS, SIZE, PARAMETERS, *self._cores} - costs.keys():
            costs |= self._count(net, [core for core in self._cores if core in missing])
            with replacing(self._cache) as partial:
                partial.write_text(json.dumps(known | {key: costs}, indent=1) + "\n", "utf-8")
        return costs

    def _count(self, net: MobileNet, cores: Sequence[str]) -> dict[str, float]:
        from quantization.channels.analysis import analyze

        model = net.build(self._labels, dropout=False)
        layout = analyze(model)
        costs = {
            MULTIPLY_ADDS: float(layout.multiply_adds()),
            SIZE: float(layout.weight_bytes()),
            PARAMETERS: float(sum(np.prod(each.shape) for each in model.trainable_weights)),
        }
        if not cores:
            return costs
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "candidate.tflite"
            _write(model, path, net.normalization)
            return costs | {core: instructions(path, core) for core in cores}


def runtime() -> str:
    """The name and version of the runtime used for counting; kernels differ between versions.

    Raises:
        InputError: the kit is not installed.
    """
    from benchmarks.counting.count import LITERT

    return f"{LITERT} {kit.find().version(LITERT)}"


def instructions(path: Path, core: str) -> float:
    """Count the instructions of one inference of a `.tflite` file on a core.

    Raises:
        InputError: the kit is not installed.
        CheckFailedError: the file does not run on the core.
    """
    from benchmarks.counting.count import InstructionCounter

    return float(InstructionCounter(kit.find()).instructions(path, CORES[core]))


def reference_cost(name: str, metric: str) -> float:
    """The cost that budgets with the suffix x refer to.

    Args:
        name: "fer" for the package of that name, `zoo:NAME`, or a `.tflite` file.
        metric: one of `budget.METRICS`.

    Raises:
        InputError: unknown net, or its cost is unknown.
    """
    if name == "fer":
        if metric not in FER:
            raise InputError(
                f"the {metric} of fer are not known: give --reference zoo:nano, or a number"
            )
        return FER[metric]
    path = zoo.resolve(name)
    whole = graph.load(path)
    if metric == MULTIPLY_ADDS:
        return float(sum(operator.multiply_adds for operator in whole.operators))
    if metric == SIZE:
        return float(sum(tensor.bytes for tensor in whole.tensors if tensor.is_constant))
    return instructions(path, metric)


def _write(model: Any, path: Path, pixels: tuple[float, float]) -> None:
    from fer_edge.pipeline.latency import write_int8
    from quantization.normalization import Normalization

    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (_CALIBRATION, 48, 48), dtype=np.uint8)
    write_int8(model, path, noise, Normalization(*pixels))
