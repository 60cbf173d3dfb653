"""Models of others, called and timed as ours are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.models.external_spec import DTYPES, Spec
from device.errors import InputError
from device.model import graph
from device.model.file import read
from device.model.runtime import Resolver, build, runtime_name

_WAYS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}


class ExternalModel:
    """A model of others, called with a face as ours are: resizing and normalizing are its part.

    Attributes:
        path: the model file.
        spec: how it is fed and read.
        labels: in the order of its outputs.
        precision: dtype of the input.
        delegated: whether the XNNPACK delegate took the graph.
    """

    def __init__(
        self, path: Path, spec: Spec, *, threads: int = 1, resolver: Resolver = "xnnpack"
    ) -> None:
        """Load a model and check that it is as its description says.

        Raises:
            InputError: the file is missing, damaged, or has other inputs or outputs.
        """
        self.path, self.spec, self.labels = path, spec, spec.labels
        content = read(path)
        graph.parse(content, path)
        self._interpreter, inputs, outputs, self.delegated = build(content, path, threads, resolver)
        source = self._only(inputs, (1, *spec.size, spec.channels), "input")
        sink = self._only(outputs, (1, len(spec.labels)), "output")
        self.precision = np.dtype(source["dtype"]).name
        self._index, self._view = source["index"], self._interpreter.tensor(sink["index"])
        self._pixels = _pixel_values(spec, source, path)
        self._input = np.zeros((1, *spec.size, spec.channels), source["dtype"])
        self._scale, self._zero_point = sink["quantization"]
        self._probabilities = np.zeros(len(self.labels), np.float32)

    @property
    def runtime(self) -> str:
        """Name and version of the runtime."""
        return runtime_name()

    def __call__(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify one face, uint8 [48, 48]; gives float32 [labels] in a buffer that is reused."""
        height, width = self.spec.size
        if (height, width) != face.shape:
            face = cv2.resize(face, (width, height), interpolation=_WAYS[self.spec.resize])
        self._input[0] = self._pixels[face][:, :, None]
        self._interpreter.set_tensor(self._index, self._input)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise InputError(f"{self.path} cannot be run by {self.runtime}: {error}") from error
        out = self._probabilities
        out[:] = self._view()[0]
        if self._scale:
            out -= self._zero_point
            out *= self._scale
        if self.spec.softmax:
            np.exp(out - out.max(), out=out)
            out /= out.sum()
        return out

    def _only(
        self, tensors: list[dict[str, Any]], wanted: tuple[int, ...], role: str
    ) -> dict[str, Any]:
        found = [tuple(int(size) for size in tensor["shape"]) for tensor in tensors]
        if found != [wanted]:
            shapes = " and ".join(str(list(shape)) for shape in found)
            raise InputError(
                f"{self.path} has {role} {shapes}, its description says {list(wanted)}"
            )
        dtype = np.dtype(tensors[0]["dtype"]).name
        if dtype not in DTYPES:
            raise InputError(f"{self.path}: its {role} is {dtype}: {', '.join(DTYPES)} are known")
        if role == "input" and self.spec.dtype not in (None, dtype):
            raise InputError(
                f"{self.path} has {dtype} input, its description says {self.spec.dtype}"
            )
        return tensors[0]


def _pixel_values(spec: Spec, source: Mapping[str, Any], path: Path) -> NDArray[Any]:
    """Tabulate what the input gets for each of the pixels 0..255."""
    real = (np.arange(256) - spec.mean) / spec.std
    dtype = np.dtype(source["dtype"])
    if dtype == np.float32:
        return real.astype(np.float32)
    scale, zero_point = source["quantization"]
    if not scale:
        raise InputError(f"{path}: its {dtype} input has no scale and zero point")
    limits = np.iinfo(dtype)
    return np.clip(np.rint(real / scale) + zero_point, limits.min, limits.max).astype(dtype)
