"""External models, called and timed like those of fer-edge."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.models.external_spec import DTYPES, Spec
from device.errors import InputError
from device.model import graph
from device.model.content import read
from device.model.runtime import Resolver, build, runtime_name

_WAYS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}


class ExternalModel:
    """A model of another project, called with a 48x48 face.

    Resizing and normalization are part of the call, so they are timed.

    Attributes:
        path: the model file.
        spec: preprocessing and meaning of the outputs.
        labels: classes in the order of the output.
        precision: dtype of the input.
        delegated: whether the XNNPACK delegate took the graph.
    """

    def __init__(
        self, path: Path, spec: Spec, *, threads: int = 1, resolver: Resolver = "xnnpack"
    ) -> None:
        """Load a model and check that it matches its description.

        Args:
            path: `.tflite` file.
            spec: preprocessing and meaning of the outputs.
            threads: number of threads of the interpreter.
            resolver: see `device.model.classifier.Classifier`.

        Raises:
            InputError: the file is missing or damaged, or has other inputs or outputs.
        """
        self.path, self.spec, self.labels = path, spec, spec.labels
        content = read(path)
        graph.parse(content, path)
        self._interpreter, inputs, outputs, self.delegated = build(
            content, path, threads, resolver, input_shape=spec.shape
        )
        source = self._input_of(inputs)
        sink = self._output_of(outputs)
        self.precision = np.dtype(source["dtype"]).name
        self._index, self._sink = source["index"], sink["index"]
        self._pixels = _pixel_values(spec, source, path)
        self._input = np.zeros(spec.shape, source["dtype"])
        # A view with the channels last, the order of the pixel table.
        nchw = spec.layout == "NCHW"
        self._channels_last = self._input[0].transpose(1, 2, 0) if nchw else self._input[0]
        self._scale, self._zero_point = sink["quantization"]
        self._probabilities = np.zeros(len(self.labels), np.float32)

    @property
    def runtime(self) -> str:
        """Name and version of the runtime."""
        return runtime_name()

    def __call__(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify one face.

        Args:
            face: uint8 [48, 48], gray 0..255.

        Returns:
            float32 [labels], in a buffer that the next call overwrites.
        """
        height, width = self.spec.size
        if (height, width) != face.shape:
            face = cv2.resize(face, (width, height), interpolation=_WAYS[self.spec.resize])
        self._channels_last[:] = self._pixels[face]
        self._interpreter.set_tensor(self._index, self._input)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise InputError(f"{self.path} cannot be run by {self.runtime}: {error}") from error
        out = self._probabilities
        out[:] = self._interpreter.get_tensor(self._sink).reshape(-1)
        if self._scale:
            out -= self._zero_point
            out *= self._scale
        if self.spec.softmax:
            np.exp(out - out.max(), out=out)
            out /= out.sum()
        return out

    def _input_of(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the only input after checking it."""
        if len(inputs) != 1:
            names = ", ".join(tensor["name"] for tensor in inputs)
            raise InputError(
                f"{self.path} has {len(inputs)} inputs ({names}): give a model with one"
            )
        (source,) = inputs
        wanted = self.spec.shape
        found = tuple(int(size) for size in source["shape"])
        if found != wanted:
            hint = ""
            if sorted(found) == sorted(wanted):
                hint = f': give layout = "{"NHWC" if self.spec.layout == "NCHW" else "NCHW"}"'
            raise InputError(
                f"{self.path} has input {list(found)}, its description says {list(wanted)}{hint}"
            )
        dtype = self._dtype(source, "input")
        if self.spec.dtype not in (None, dtype):
            raise InputError(
                f"{self.path} has {dtype} input, its description says {self.spec.dtype}"
            )
        return source

    def _output_of(self, outputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Find the described output, with one element for each class.

        Its shape may have further axes of size one, such as [1, 1, 1, 7].
        """
        chosen, wanted = outputs, self.spec.output
        known = "; ".join(
            f"{i} {one['name']} {[int(size) for size in one['shape']]}"
            for i, one in enumerate(outputs)
        )
        if wanted is not None:
            chosen = [one for i, one in enumerate(outputs) if wanted in (i, one["name"])]
        if len(chosen) != 1:
            asked = "" if wanted is None else f", none or several of them are {wanted!r}"
            raise InputError(
                f"{self.path} has outputs {known}{asked}: give output = NUMBER in its description"
            )
        (sink,) = chosen
        if math.prod(int(size) for size in sink["shape"]) != len(self.labels):
            raise InputError(
                f"{self.path} has output {[int(size) for size in sink['shape']]}, its description "
                f"says {[1, len(self.labels)]}"
            )
        self._dtype(sink, "output")
        return sink

    def _dtype(self, tensor: Mapping[str, Any], role: str) -> str:
        name = np.dtype(tensor["dtype"]).name
        if name not in DTYPES:
            raise InputError(f"{self.path}: its {role} is {name}: {', '.join(DTYPES)} are known")
        return name


def _pixel_values(spec: Spec, source: Mapping[str, Any], path: Path) -> NDArray[Any]:
    """Tabulate the input values of each gray value.

    Returns:
        [256, channels] in the dtype of the input.
    """
    real = (np.arange(256)[:, None] - np.array(spec.mean)) / np.array(spec.std)
    dtype = np.dtype(source["dtype"])
    if dtype == np.float32:
        return real.astype(np.float32)
    scale, zero_point = source["quantization"]
    if not scale:
        raise InputError(f"{path}: its {dtype} input has no scale and zero point")
    limits = np.iinfo(dtype)
    return np.clip(np.rint(real / scale) + zero_point, limits.min, limits.max).astype(dtype)
