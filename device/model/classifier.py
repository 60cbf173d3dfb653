"""A `.tflite` file, ready to classify 48x48 gray faces: built once, its buffers reused."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from device.errors import InputError
from device.geometry import FACE_SIZE
from device.model import graph
from device.model.file import read, read_labels
from device.model.runtime import RESOLVERS, Resolver, Runtime, build, find_runtime

# (mean, std) of x = (pixel - mean) / std; each one lets a byte stand for a pixel exactly.
_NORMALIZATIONS = ((128.0, 128.0), (0.0, 255.0), (0.0, 1.0))
_INPUT_SHAPE = (1, FACE_SIZE, FACE_SIZE, 1)
_DTYPES = (np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.float32))


@dataclass(frozen=True)
class TensorDetails:
    """How the values of an input or output tensor are to be read.

    Attributes:
        dtype: int8, uint8 or float32.
        scale: real value = scale * (value - zero_point); 0 for float32.
        zero_point: the value that stands for 0; 0 for float32.
    """

    dtype: np.dtype[Any]
    scale: float
    zero_point: int


class Classifier:
    """A model file in an interpreter that is built once and reused for every face.

    An int8 model gets pixel - 128, a uint8 or float32 model the pixel itself.

    Attributes:
        path: the model file.
        runtime: name and version of the package that runs it.
        labels: the classes in the order of the output, from the file's metadata.
        precision: dtype of the input, "int8", "uint8" or "float32" (float16 and dynamic range
            files, whose inputs are float32, too).
        delegated: whether the XNNPACK delegate took the graph.
        input_details: dtype, scale and zero point of the input.
        output_details: dtype, scale and zero point of the output.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        resolver: Resolver = "xnnpack",
        runtime: Runtime | None = None,
        keep_tensors: bool = False,
    ) -> None:
        """Load and check a model.

        Args:
            path: a `.tflite` file with input [1, 48, 48, 1], one output [1, labels] and an
                associated file `labels.txt`.
            threads: of the kernels, at least 1; on nets this small more than one rarely helps.
            resolver: "xnnpack" is what runs on a device; "builtin" is TensorFlow Lite's own
                kernels without a delegate; "reference" its slow, portable reference kernels.
            runtime: another package than the one that is found first, to compare them.
            keep_tensors: whether `tensor` can read what lies between input and output; not with
                "xnnpack", whose values never leave it.

        Raises:
            InputError: the file is missing, no `.tflite`, damaged, of another shape, or does not
                name its labels; or an option is out of range.
        """
        if threads < 1:
            raise InputError(f"threads is {threads}: give 1 or more")
        if resolver not in RESOLVERS:
            raise InputError(f"resolver {resolver!r}: give one of {', '.join(RESOLVERS)}")
        runtime = runtime or find_runtime()
        self.path = Path(path)
        self.runtime = runtime.name
        content = read(self.path)
        self.labels = read_labels(content, self.path)
        graph.parse(content, self.path)  # tflite-runtime does not check: damage ends the process
        self._interpreter, inputs, outputs, self.delegated = build(
            content, self.path, threads, resolver, runtime, keep_tensors
        )

        source = _only(inputs, "input", self.path)
        sink = _only(outputs, "output", self.path)
        _check_shapes(source, sink, len(self.labels), self.path)
        self.input_details = _details(source, "input", self.path)
        self.output_details = _details(sink, "output", self.path)
        _check_input_is_exact(self.input_details, self.path)
        self.precision = self.input_details.dtype.name

        self._input_index = source["index"]
        self._input = np.zeros(_INPUT_SHAPE, self.input_details.dtype)
        as_bytes = self._input.view(np.uint8) if self._input.dtype == np.int8 else self._input
        self._pixels = as_bytes[0, :, :, 0]
        self._output_view = self._interpreter.tensor(sink["index"])
        self._probabilities = np.zeros(len(self.labels), np.float32)

    def __call__(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify one face.

        Args:
            face: uint8 [48, 48], raw gray 0..255.

        Returns:
            float32 [labels], probabilities in the order of `labels`. The next call overwrites
            this array: copy it to keep it. An int8 model's sum to 1 only up to its rounding.

        Raises:
            ValueError: the face has another shape or dtype.
        """
        self.set_input(face)
        self.invoke()
        return self.probabilities()

    def set_input(self, face: npt.NDArray[np.uint8]) -> None:
        """Hand a face, uint8 [48, 48], to the interpreter; raises ValueError for another one."""
        if face.shape != (FACE_SIZE, FACE_SIZE) or face.dtype != np.uint8:
            raise ValueError(
                f"a face is uint8 [{FACE_SIZE}, {FACE_SIZE}], not {face.dtype} {list(face.shape)}"
            )
        if self._input.dtype == np.int8:
            # Flipping the top bit of a byte is pixel - 128 in two's complement.
            np.bitwise_xor(face, np.uint8(0x80), out=self._pixels)
        else:
            self._pixels[:] = face
        self._interpreter.set_tensor(self._input_index, self._input)

    def invoke(self) -> None:
        """Run the net on the face that was set last; raises InputError where a kernel fails."""
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise InputError(f"{self.path} cannot be run by {self.runtime}: {error}") from error

    def tensor(self, index: int) -> npt.NDArray[Any]:
        """Copy a tensor of the last run, as it is stored; needs `keep_tensors`."""
        return cast(npt.NDArray[Any], self._interpreter.get_tensor(index))

    def probabilities(self) -> npt.NDArray[np.float32]:
        """Give the last run's float32 [labels], dequantized, in a buffer that the next reuses."""
        out = self._probabilities
        # The view must not outlive this call: the interpreter refuses to run while one exists.
        out[:] = self._output_view()[0]
        if self.output_details.scale:
            out -= self.output_details.zero_point
            out *= self.output_details.scale
        return out


def _only(tensors: list[dict[str, Any]], role: str, path: Path) -> dict[str, Any]:
    if len(tensors) != 1:
        raise InputError(f"{path} has {len(tensors)} {role}s: fer-edge runs models that have one")
    return tensors[0]


def _details(tensor: dict[str, Any], role: str, path: Path) -> TensorDetails:
    dtype = np.dtype(tensor["dtype"])
    if dtype not in _DTYPES:
        raise InputError(f"{path}: its {role} is {dtype}: int8, uint8 or float32 is supported")
    scale, zero_point = tensor["quantization"]
    if dtype != np.float32 and not scale > 0:
        raise InputError(f"{path}: its {dtype} {role} has no scale and zero point")
    if dtype == np.float32:
        return TensorDetails(dtype, 0.0, 0)
    return TensorDetails(dtype, float(scale), int(zero_point))


def _check_shapes(source: dict[str, Any], sink: dict[str, Any], labels: int, path: Path) -> None:
    shape = tuple(int(size) for size in source["shape"])
    if shape != _INPUT_SHAPE:
        raise InputError(
            f"{path} takes input {list(shape)}: fer-edge runs models of {list(_INPUT_SHAPE)}"
        )
    shape = tuple(int(size) for size in sink["shape"])
    if shape != (1, labels):
        raise InputError(
            f"{path} gives output {list(shape)} but names {labels} labels: export it again"
        )


def _check_input_is_exact(details: TensorDetails, path: Path) -> None:
    """Refuse a quantized input whose bytes are not pixels under any normalization we know."""
    if details.dtype == np.float32:
        return
    pixels = np.arange(256)
    wanted = pixels - 128 if details.dtype == np.int8 else pixels
    for mean, std in _NORMALIZATIONS:
        real = (pixels - mean) / std
        if np.array_equal(np.rint(real / details.scale) + details.zero_point, wanted):
            return
    rule = "pixel - 128" if details.dtype == np.int8 else "pixel"
    raise InputError(
        f"{path}: its {details.dtype} input (scale {details.scale:g}, zero point "
        f"{details.zero_point}) is not byte = {rule}: calibrate it on the full range 0..255 "
        "normalized by (pixel - 128) / 128, pixel / 255 or not at all"
    )
