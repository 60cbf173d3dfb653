"""Post-training quantization of a finished float file, whole or with some layers left in floats."""

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
"""Images that the layers are ranked on: the first ones of the calibration."""

_RAW = Normalization(mean=0.0, std=1.0)  # a float file normalizes inside its graph


@dataclass(frozen=True)
class Quantized:
    """What was written.

    Attributes:
        path: of the file.
        bytes: its size.
        kept: names of the layers that compute in floats, in the order of execution.
        quantizer: name and version of the library.
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
    """Make an int8 file of a float file by calibration, and write it with its card.

    Input and output of the file are those of our other int8 files: pixel - 128, and a softmax with
    scale 1/256 and zero point -128. What the float file does to pixels it goes on doing, in int8.

    Args:
        source: a float32 `.tflite` file of ours, with its card.
        path: of the file to write; an older one is replaced at the end.
        images: uint8 [n, 48, 48], training images that the ranges are measured on.
        method: range estimator, see `quantization.range_method`.
        keep_float: layers that stay in floats, by the names that `debug.compare` gives.
        fallback: how many layers more stay in floats: those of the lowest signal-to-quantization-
            noise ratio when all but `keep_float` is int8.
        python: of the environment with LiteRT's quantizer; this one's when left out.
        drawn: how the images were chosen, for the card.

    Raises:
        InputError: no float file of ours, no such layer, or no quantizer.
        CheckFailedError: the quantizer refuses the file, or the input or output came out with
            other bytes than promised.
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
    version = litert.find(python)  # before the minutes that the ranges take
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
    """Refuse a file whose pixels are normalized outside: its int8 input could not be the pixel."""
    found = file.normalization and file.normalization.for_channels(1, file.path)
    if found and (found.mean, found.std) != ((_RAW.mean,), (_RAW.std,)):
        raise InputError(
            f"{file.path}: its metadata normalizes by (pixel - {found.mean[0]:g}) / "
            f"{found.std[0]:g} outside the graph: put that into the graph first, by "
            f"`fer-edge export {file.path} --input gray --io float32 --out FILE`"
        )


def _operators(graph: Graph, names: Sequence[str], path: Path) -> set[int]:
    """The operators of the named layers."""
    by_name: dict[str, set[int]] = {}
    for operator in graph.operators:
        by_name.setdefault(sqnr.name_of(graph, operator), set()).add(operator.index)
    for name in names:
        if name not in by_name:
            raise InputError(f"{path} has no layer {name}: `fer-edge quant-debug` names them")
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
