"""Post-training quantization of a float model file, optionally with some layers left in float."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.model.card import margin
from device.model.file import ModelFile
from device.model.graph import Graph, check_finite
from device.system.atomic_file import replacing
from device.system.stderr import suppress_stderr
from quantization.normalization import Normalization
from quantization.ptq import calibration, litert
from quantization.range_method import RangeMethod
from quantization.tflite import card, convert, metadata
from quantization.verify import sqnr

RANKED_ON = 100
"""Number of images for ranking the layers: the first ones of the calibration set."""

_RAW = Normalization(mean=0.0, std=1.0)  # a float file normalizes inside its graph


@dataclass(frozen=True)
class Quantized:
    """The quantized file.

    Attributes:
        path: path of the file.
        bytes: file size in bytes.
        kept: names of the layers that stay in float, in execution order.
        quantizer: name and version of the quantizer library.
    """

    path: Path
    bytes: int
    kept: tuple[str, ...]
    quantizer: str


def quantize(
    source: Path,
    path: Path,
    images: npt.NDArray[np.uint8],
    *,
    method: RangeMethod = "minmax",
    keep_float: Sequence[str] = (),
    fallback: int = 0,
    python: Path | None = None,
    drawn: dict[str, Any] | None = None,
) -> Quantized:
    """Quantize a float model file to int8 by calibration, and write it with its card.

    Input and output are those of the project's other int8 files: pixel - 128, and a softmax with
    scale 1/256 and zero point -128. The normalization inside the float graph is quantized as well.

    Args:
        source: float32 `.tflite` file written by fer-edge, with its card.
        path: file to write; an existing one is replaced at the end.
        images: training images for the ranges, uint8 [n, 48, 48].
        method: range estimator, see `quantization.range_method`.
        keep_float: names of layers that stay in float, as given by `verify.sqnr.compare`.
        fallback: number of further layers that stay in float: those of the lowest
            signal-to-quantization-noise ratio when all layers but `keep_float` are int8.
        python: Python executable of the environment with LiteRT's quantizer; default: this one.
        drawn: how the images were chosen, for the card.

    Raises:
        InputError: not a float file written by fer-edge, unknown layer, or no quantizer.
        CheckFailedError: the quantizer rejects the file, or its input or output does not have the
            expected dtype, scale or zero point.
    """
    parent = card.read(source)
    if parent["precision"] != "float32":
        raise InputError(f"{source} is of precision {parent['precision']}: give the float32 file")
    file = ModelFile(source)
    _check_pixels(file)
    check_finite(file.graph)
    labels = file.labels
    prepared = litert.prepare(source)
    keep = _operators(prepared.graph, keep_float, source)
    version = litert.find(python)  # fail early: measuring the ranges takes minutes
    found = calibration.measure(source, images, method)

    def make(keep: set[int]) -> bytes:
        bare = litert.rewrite(prepared, found, sorted(keep), python=python)
        with suppress_stderr():
            content = metadata.embed(
                bare,
                name=path.stem,
                description=f"{parent['name']}, quantized after training.",
                labels=labels,
                mean=_RAW.mean,
                std=_RAW.std,
            )
            convert.check_io(content, len(labels), "ptq", _RAW, path.name)
        return content

    content = make(keep)
    if fallback:
        worst = _worst(source, content, images[:RANKED_ON], fallback)
        keep |= _operators(prepared.graph, worst, source)
        content = make(keep)
    with replacing(path) as partial:
        partial.write_bytes(content)
    kept = tuple(sqnr.name_of(prepared.graph, prepared.graph.operators[i]) for i in sorted(keep))
    card.write(
        path,
        name=parent["name"],
        head=parent["head"],
        labels=labels,
        precision="ptq",
        normalization=Normalization(**parent["input"]["normalization"]),
        recipe=parent["recipe"],
        data=parent["data"],
        parent_sha256=parent["sha256"],
        margin=margin(source),
        calibration={
            "method": method,
            "images": len(images),
            **(drawn or {}),
            "kept_float": list(kept),
            "quantizer": version,
        },
    )
    return Quantized(path, len(content), kept, version)


def _check_pixels(file: ModelFile) -> None:
    """Reject a file whose pixels are normalized outside: its int8 input could not be the pixel."""
    found = file.normalization and file.normalization.for_channels(1, file.path)
    if found and (found.mean, found.std) != ((_RAW.mean,), (_RAW.std,)):
        raise InputError(
            f"{file.path}: its metadata normalizes by (pixel - {found.mean[0]:g}) / "
            f"{found.std[0]:g} outside the graph: put that into the graph first, by "
            f"`fer-edge export {file.path} --input gray --io float32 --out FILE`"
        )


def _operators(graph: Graph, names: Sequence[str], path: Path) -> set[int]:
    """Indices of the operators of the named layers."""
    by_name: dict[str, set[int]] = {}
    for operator in graph.operators:
        by_name.setdefault(sqnr.name_of(graph, operator), set()).add(operator.index)
    for name in names:
        if name not in by_name:
            raise InputError(f"{path} has no layer {name}: `fer-edge quant-debug` lists them")
    return set().union(*(by_name[name] for name in names))


def _worst(
    source: Path, content: bytes, images: npt.NDArray[np.uint8], count: int
) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        trial = Path(folder) / "trial.tflite"
        trial.write_bytes(content)
        report = sqnr.compare(source, trial, images)
    if count > len(report.layers):
        raise InputError(f"{source} has {len(report.layers)} layers: fall back on fewer")
    return tuple(layer.name for layer in report.ranked[:count])
